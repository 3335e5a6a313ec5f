"""A story judged in virtual time: moments in order, nothing twice, and what is said is what is true."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from probe.config.shape import Seconds
from probe.judge.matching import REOPEN_ROUNDS
from probe.lab import library
from probe.lab.scenario import Form, LabNetwork, Noise
from probe.lab.simulated.play import judged, lately, measurements, play
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.stage import Stage
from probe.lab.truth import Sight, score
from probe.model import Cause, Endpoint, Feature, Scope, Service, State
from tests.judge.said import incident
from tests.lab.simulated.worlds import OTHER, event, scenario

COUNTRIES = ("TR", "DE", "GB", "FR", "US")
WIDE = tuple(
    LabNetwork(country=code, asn=100 * n + k, name=f"{code} {k}")
    for n, code in enumerate(COUNTRIES, 1)
    for k in (1, 2)
)


def test_moments_come_a_round_apart_from_the_first_second_to_the_end() -> None:
    found = [moment.at for moment in play(scenario(length=Seconds(300)))]
    assert found == [0, 60, 120, 180, 240, 300]
    assert [m.at for m in play(scenario(), every=30, until=90)] == [0, 30, 60, 90]


def test_everything_is_heard_once_and_the_window_is_full_at_the_start() -> None:
    told = scenario(noise=Noise(), length=Seconds(300))
    moments = list(play(told, 7))
    heard = [made for moment in moments for made in moment.measurements]
    assert heard == list(measurements(told, 7, begin=-600, end=300 + 0.0001))
    assert (EPOCH - min(made.at for made in heard)).total_seconds() > 540
    assert len(moments[0].measurements) > 8 * len(moments[1].measurements)


def test_the_same_seed_is_judged_alike() -> None:
    told = scenario(
        event("tls.sni_rst", at=60, countries=("TR",)), length=Seconds(240), noise=Noise()
    )
    one, two = (
        [msgspec.json.encode((m.verdicts, m.incidents)) for m in play(told, 3)] for _ in range(2)
    )
    assert one == two


def test_without_measurements_the_same_is_said() -> None:
    told = scenario(
        event("tls.sni_rst", at=60, countries=("TR",)),
        length=Seconds(300),
        noise=Noise(bursts=200),
    )
    whole, shown = (
        [msgspec.json.encode((m.at, m.verdicts, m.incidents)) for m in moments]
        for moments in (play(told, 3), judged(Stage(told), 3))
    )
    assert whole == shown


@pytest.mark.parametrize(
    ("mechanism", "where", "cause", "scope"),
    [
        ("tls.sni_rst", {"countries": ("TR",)}, Cause.FILTERING, Scope.COUNTRIES),
        ("server.outage_global", {}, Cause.SERVICE_OUTAGE, Scope.GLOBAL),
    ],
)
def test_what_is_said_is_what_is_true(
    mechanism: str, where: dict[str, object], cause: Cause, scope: Scope
) -> None:
    told = scenario(event(mechanism, at=60, **where), networks=WIDE, length=Seconds(600))
    *_, last = play(told)
    said = [i for i in last.incidents if i.closed is None]
    assert [(i.cause, i.scope, i.service) for i in said] == [(cause, scope, "chirp")]


MAIL = Service(
    id="mail",
    name="Mail",
    features=(
        Feature(id="port", name="p", endpoints=(Endpoint(id="port", url="tcp://mail.com:443"),)),
        Feature(id="name", name="n", endpoints=(Endpoint(id="name", url="dns:mail.com"),)),
    ),
)
"""Asked for less than a page."""


@pytest.mark.parametrize(
    ("mechanism", "where", "cause", "features"),
    [
        ("", {}, None, ()),
        ("dns.nxdomain", {"countries": ("TR",)}, Cause.FILTERING, ("name", "port")),
        ("dns.injection.bogon", {"countries": ("TR",)}, Cause.FILTERING, ("name", "port")),
        ("server.outage_global", {"form": Form.UNREACHABLE}, Cause.SERVICE_OUTAGE, ("port",)),
        ("server.outage_global", {"form": Form.NO_NAME}, Cause.SERVICE_OUTAGE, ("name", "port")),
    ],
)
def test_a_port_and_a_name_are_judged_as_pages_are(
    mechanism: str, where: dict[str, object], cause: Cause | None, features: tuple[str, ...]
) -> None:
    struck = [event(mechanism, at=60, services=("mail",), **where)] if mechanism else []
    told = scenario(*struck, services=(MAIL, OTHER), networks=WIDE, length=Seconds(600))
    *_, last = play(told)
    mine = [
        v for v in last.verdicts if v.service == "mail" and v.country == "TR" and not v.network
    ]
    hit = {v.feature for v in mine if v.leading is cause and v.state is not State.INSUFFICIENT}
    assert hit == set(features)
    assert {v.leading for v in mine if v.feature not in hit} <= {Cause.OK}
    assert {v.state for v in mine if v.feature not in hit} <= {State.CONFIRMED}


@pytest.mark.parametrize("form", [Form.EXPIRED, Form.SLOW, Form.SILENCE])
def test_a_certificate_that_ran_out_and_a_late_answer_are_the_services(form: Form) -> None:
    struck = event("server.outage_global", at=60, form=form, delay=Seconds(12))
    *_, last = play(scenario(struck, networks=WIDE, length=Seconds(600)))
    said = [(i.cause, i.scope) for i in last.incidents if i.closed is None]
    assert said == [(Cause.SERVICE_OUTAGE, Scope.GLOBAL)]


def test_an_answer_that_is_merely_slow_everywhere_is_nobodys_interference() -> None:
    struck = event("server.outage_global", at=60, form=Form.SLOW, delay=Seconds(4))
    *_, last = play(scenario(struck, networks=WIDE, length=Seconds(600)))
    assert {v.leading for v in last.verdicts if v.service == "chirp"} == {Cause.OK}
    assert not [i for i in last.incidents if i.closed is None]


def test_what_may_open_again_is_kept_and_what_closed_long_ago_is_not() -> None:
    down = event("server.outage_global", at=60, until=300)
    told = scenario(down, length=Seconds(360 + (REOPEN_ROUNDS + 10) * 60))
    moments = list(judged(Stage(told), 0))
    closed = [i for moment in moments for i in moment.incidents if i.closed is not None]
    assert closed
    assert moments[-1].incidents == ()
    assert {i.id for i in list(play(told))[-1].incidents} == {i.id for i in closed}


def test_for_how_long_it_may_open_again_counts_from_when_it_was_last_told() -> None:
    """Not from the look that it was last seen at."""
    round_ = timedelta(seconds=60)
    told = EPOCH + 20 * round_
    over = msgspec.structs.replace(incident(Cause.FILTERING), updated=told, closed=EPOCH)
    assert lately([over], told + REOPEN_ROUNDS * round_, round_) == (over,)
    assert lately([over], told + (REOPEN_ROUNDS + 2) * round_, round_) == ()


def test_a_deaf_correlator_says_nothing_and_hears_all_afterwards() -> None:
    down = event("lab.correlator_killed", services=(), at=60, until=240)
    told = scenario(down, length=Seconds(360))
    moments = {m.at: m for m in play(told)}
    assert set(moments) == {0, 240, 300, 360}
    late = [m for m in moments[300].measurements if (m.at - EPOCH).total_seconds() < 200]
    assert late


@pytest.mark.parametrize("name", ["quiet-day", "tr-2023-02-08", "tw-2022-12-28"])
def test_scenarios_of_the_library_are_judged_as_on_packets(name: str) -> None:
    told = library.load(name)
    sights = [Sight(at=moment.at, incidents=moment.incidents) for moment in play(told)]
    assert score(told.expected, sights).right
