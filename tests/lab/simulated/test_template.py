"""Copies differ from what was walked in times, id and health alone; a prober's word is the agent's own."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import msgspec

from probe.agent.health import Checked, health
from probe.judge.view import Memory
from probe.lab.simulated.presented import EPOCH, moment
from probe.lab.simulated.template import Hearsay, Shown, Template, Ward
from probe.lab.simulated.walk import walk
from probe.model import Health, Measurement, Reach, Tally
from tests.lab.simulated.worlds import event, force, scenario, seat

WELL = Health(domestic=Tally(ok=2, of=2), foreign=Tally(ok=3, of=3))


def template(*timeline: str, name: str = "web.chirp", course: int = 0) -> Template:
    told = scenario(*(event(mechanism, services=()) for mechanism in timeline))
    here = seat(told, name=name)
    hits = [(act, -1) for act in force(told, here).sure]
    walked = walk(here, hits, Random(0))  # noqa: S311 — chance, no secret
    return Template(here, walked, (course,))


def test_a_copy_has_its_own_times_id_and_health_and_all_else_is_as_walked() -> None:
    made = template("tls.sni_rst")
    first = made.stamp(EPOCH, "a", Health())
    later = made.stamp(EPOCH + timedelta(seconds=90), "b", WELL)
    assert (later.id, later.health, later.at) == ("b", WELL, EPOCH + timedelta(seconds=90))
    assert [s.at - later.at for s in later.observations] == [
        s.at - EPOCH for s in first.observations
    ]
    back = tuple(
        msgspec.structs.replace(s, at=s.at - timedelta(seconds=90)) for s in later.observations
    )
    assert back == first.observations
    assert first.at == EPOCH  # the copy before is left as it was


def test_a_copy_is_a_measurement_on_the_wire() -> None:
    made = template().stamp(moment(5), "a", WELL)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Measurement) == made


def test_a_wards_health_is_what_an_agent_says_of_the_same_runs() -> None:
    ward = Ward({})
    assert ward.health == Health()
    good, bad = (
        template(name="foreign"),
        template("local.resolver_broken", name="domestic", course=1),
    )
    ward.note(1, good)
    ward.note(2, bad)
    assert good.checked
    assert bad.checked
    assert ward.health == health([good.checked, bad.checked])
    assert ward.health.foreign == Tally(ok=1, of=1)
    ward.note(1, template("local.resolver_broken", name="foreign", course=2))
    assert ward.health.reason == "resolver_broken"


def test_a_sight_has_the_health_of_its_own_time() -> None:
    made = template(name="foreign")
    ill = Health(reason="offline")
    seen = [made.show(EPOCH, str(n), health) for n, health in enumerate((WELL, ill, ill, WELL))]
    assert [sight.health for sight, _ in seen] == [WELL, ill, ill, WELL]
    assert [sight.id for sight, _ in seen] == ["0", "1", "2", "3"]


def shown(name: str, *timeline: str, health: Health = WELL) -> Shown:
    return template(*timeline, name=name).show(moment(90), "a", health)


def test_a_word_of_a_vantage_that_is_unwell_tells_nothing_of_its_controls() -> None:
    whole = Memory()
    ill = shown("foreign", health=Health(reason="resolver_broken"))
    seen = [shown("foreign"), shown("foreign", "local.resolver_broken"), ill]
    assert [said.met for said in Hearsay().telling(seen, whole)] == [True, False, None]
    assert {(said.id, said.at) for said in Hearsay().telling(seen, whole)} == {("a", moment(90))}


def test_words_that_a_memory_holds_are_not_told_again_but_for_the_controls() -> None:
    seen = [shown("web.chirp"), shown("foreign")]
    of_control = seen[1][1]
    memory = Memory(builds={of_control.vantage.id: of_control.software})
    heard = Hearsay()
    assert len(heard.telling(seen, Memory())) == 2
    for _ in range(2):
        assert [said.met for said in heard.telling(seen, memory)] == [True]
    other = Memory(builds={of_control.vantage.id: "another"})
    assert len(heard.telling(seen, other)) == 2


def test_only_controls_are_checked() -> None:
    assert template().checked is None
    checked = template(name="foreign").checked
    assert checked == Checked(Reach.FOREIGN, checked.observations if checked else ())
