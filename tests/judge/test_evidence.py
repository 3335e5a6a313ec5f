from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import astuple

from probe.judge.control import Reference, reference
from probe.judge.evidence import Finding, Lore, evidence, find, rows, weight
from probe.judge.reading import read
from probe.judge.row import CAP, Category
from probe.judge.rules import MAIN
from probe.judge.told import Told
from probe.model import Author, Cause, Standing
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)


def found(maker: w.Maker) -> Finding:
    return find(read(w.measurement(CASE, maker(CASE))), Reference())


def test_a_good_answer_is_not_asked_for_extra_rows() -> None:
    good = found(w.ok)
    assert (good.category, good.failing, good.extra) == (Category.OK, False, ())


@pytest.mark.parametrize(
    "maker", [w.ok, w.nxdomain, w.dns_timeout, w.null_route, w.sni_reset, w.silence, w.expired, w.odd_page]
)  # fmt: skip
def test_rows_of_other_layers_are_left_out_and_would_not_have_fit(maker: w.Maker) -> None:
    here = found(maker)
    assert here.main is next(row for row in MAIN if row.condition(here.sight, Reference()))


def test_an_extra_row_of_the_networks_hand_signs_the_finding() -> None:
    assert found(w.sni_reset).author is Author.NETWORK
    assert found(w.null_route).author is Author.NOBODY
    assert found(w.server_error).author is Author.SERVER


def test_weights_of_all_rows_are_added_and_capped() -> None:
    assert weight(found(w.sni_reset), Cause.FILTERING) == 3.9
    assert weight(found(w.server_error), Cause.SERVICE_OUTAGE) == 2.0
    assert abs(weight(found(w.block_page), Cause.FILTERING)) <= CAP


def test_evidence_is_every_row_with_its_witness() -> None:
    silent = found(w.silence)
    pieces = evidence(silent)
    assert (
        [p.rule for p in pieces] == [r.id for r in rows(silent)] == ["http.timeout", "cert.valid"]
    )
    assert {p.measurement for p in pieces} == {silent.sight.id}
    assert {p.vantage for p in pieces} == {CASE.vantage.id}
    assert all(p.sentence and p.standing is Standing.SCORED for p in pieces)


def test_what_says_nothing_of_the_endpoint_is_uninterpretable() -> None:
    (piece,) = evidence(found(lambda case: (w.tcp(case, case.address, "network_down"),)))
    assert piece.standing is Standing.UNINTERPRETABLE


MAKERS = (w.ok, w.nxdomain, w.null_route, w.sni_reset, w.silence, w.expired, w.odd_page, w.server_error)  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_what_was_said_of_a_like_sight_is_said_again(maker: w.Maker) -> None:
    elsewhere = next(v for v in w.ROSTER if v.country != CASE.vantage.country)
    cases = [CASE, replace(CASE, vantage=elsewhere), CASE]
    sights = [read(w.measurement(case, maker(case))) for case in cases]
    beside = [read(w.measurement(case, w.ok(case))) for case in cases[1:2]]
    for known in (Reference(), reference(Told([*sights, *beside]))):
        lore = Lore(known)
        for sight in (*sights, *sights):
            told, anew = lore.find(sight), find(sight, known)
            assert told.sight is sight
            assert astuple(told) == astuple(anew)


def test_what_came_late_is_not_said_again_of_a_time_when_the_controls_were_late_too() -> None:
    case = replace(CASE, at=CASE.at + timedelta(seconds=5))
    held, slow = (read(w.measurement(each, w.delayed(each))) for each in (CASE, case))
    lore = Lore(Reference(late={held.id: 0.1, slow.id: held.pace}))
    assert [lore.find(sight).main.id for sight in (held, slow)] == ["ok.slow", "ok.met"]
