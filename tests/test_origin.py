"""An address is led back to its network by whatever MaxMind-format database is brought."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probe import origin
from probe.config.document import ConfigError
from probe.config.shape import CorrelatorConfig, Judging
from probe.model import DnsLookup, Measurement, Origin, Target, Vantage
from probe.origin import Known, Origins
from tests.databases import network, written

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLOUD = Origin(prefix="192.0.2.0/24", asn=64500, organisation="Cloud Example")
NETWORKS = {
    "192.0.2.0/24": network(64500, "Cloud Example"),
    "2001:db8::/32": network(64501, "Six Example"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "asn.mmdb", NETWORKS)


def looked_up(*answers: str) -> Measurement:
    step = DnsLookup(at=NOW, took=0.1, name="a.example", resolver="system", answers=answers)
    return Measurement(
        id=f"m-{answers}", at=NOW, took=0.1, observations=(step,),
        vantage=Vantage(id="de-1", country="DE", asn=3320),
        target=Target(service="a", feature="web", endpoint="front"),
    )  # fmt: skip


# ── one address ──────────────────────────────────────────────────────────────────────────────


def test_an_address_has_the_prefix_and_the_network_that_announce_it(file: Path) -> None:
    origins = Origins(file)
    assert origins.of("192.0.2.7") == CLOUD
    assert origins.of("2001:db8:1::7") == Origin(
        prefix="2001:db8::/32", asn=64501, organisation="Six Example"
    )


@pytest.mark.parametrize("address", ["198.51.100.1", "::1", "no.example", "", "192.0.2.0/24"])
def test_what_is_unknown_or_no_address_has_no_origin(file: Path, address: str) -> None:
    assert Origins(file).of(address) is None


def test_a_database_of_one_family_knows_nothing_of_the_other(tmp_path: Path) -> None:
    four = {"192.0.2.0/24": NETWORKS["192.0.2.0/24"]}
    origins = Origins(written(tmp_path / "four.mmdb", four, version=4))
    assert origins.of("192.0.2.7") == CLOUD
    assert origins.of("2001:db8::7") is None


@pytest.mark.parametrize(
    ("record", "number", "organisation"),
    [
        ({"asn": "AS64502", "as_name": "Lite Example", "as_domain": "x"}, 64502, "Lite Example"),
        ({"asn": "64502", "name": "Old Example"}, 64502, "Old Example"),
        ({"asn": 64502}, 64502, ""),
        ({"asn": 64502, "name": " two\n lines\x1b[0m "}, 64502, "two lines [0m"),
        ({"asn": 64502, "name": "n" * 100}, 64502, "n" * 60),
    ],
)
def test_other_makers_call_the_same_otherwise(
    tmp_path: Path, record: dict[str, str | int], number: int, organisation: str
) -> None:
    found = Origins(written(tmp_path / "asn.mmdb", {"192.0.2.0/24": record})).of("192.0.2.7")
    assert found == Origin(prefix="192.0.2.0/24", asn=number, organisation=organisation)


@pytest.mark.parametrize("number", [0, 2**32, "AS", "ASx", "AS0", "AS" + "9" * 5000, "-1"])
def test_what_is_no_as_number_has_no_origin(tmp_path: Path, number: str | int) -> None:
    networks = {**NETWORKS, "198.51.100.0/24": {"asn": number, "name": "odd"}}
    assert Origins(written(tmp_path / "asn.mmdb", networks)).of("198.51.100.1") is None


# ── bad files ────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.mmdb cannot be read: No such file"):
        Origins(tmp_path / "none.mmdb")
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        Origins(tmp_path)


@pytest.mark.parametrize("content", [b"", b"network,asn\n", b"\xab\xcd\xefMaxMind.com", b"x" * 99])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "asn.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"asn\.csv is no MaxMind-format database"):
        Origins(path)


def test_a_database_of_countries_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "country.mmdb", {"192.0.2.0/24": {"country": "DE"}})
    with pytest.raises(ConfigError, match="names no AS; take one that does, such as GeoLite2-ASN"):
        Origins(path)


def test_without_the_extra_it_says_how_to_install_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(ConfigError, match=r"pip install 'worksforwhom\[origins\]'"):
        Origins(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    flips=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8),
    size=st.floats(0.2, 1),
)
def test_a_broken_file_is_refused_or_knows_less(
    file: Path, flips: Sequence[tuple[float, int]], size: float
) -> None:
    content = bytearray(file.read_bytes())
    for place, value in flips:
        content[int(place * len(content))] = value
    broken = file.with_name("broken.mmdb")
    broken.write_bytes(content[: int(size * len(content)) + 1])
    try:
        origins = Origins(broken)
    except ConfigError:
        return
    for address in ("192.0.2.7", "2001:db8::7", "198.51.100.1"):
        assert isinstance(origins.of(address), Origin | None)


def test_what_a_configuration_names_is_tried(file: Path) -> None:
    def found(name: str) -> list[str]:
        config = CorrelatorConfig(agents=(), judging=Judging(origins=name))
        return [".".join(map(str, p.path)) for p in origin.problems(config)]

    assert found("") == []
    assert found(str(file)) == []
    assert found(f"{file}.gone") == ["judging.origins"]


# ── what is remembered ───────────────────────────────────────────────────────────────────────


def test_addresses_that_were_answered_are_known_and_no_others(file: Path) -> None:
    known = Known(Origins(file))
    known.see([looked_up("192.0.2.7", "198.51.100.1")])
    assert known.told() == {"192.0.2.7": CLOUD}


def test_what_was_told_never_changes(file: Path) -> None:
    known = Known(Origins(file))
    known.see([looked_up("192.0.2.7")])
    first = known.told()
    assert known.told() is first
    known.see([looked_up("192.0.2.8")])
    assert (len(first), len(known.told())) == (1, 2)


def test_without_a_database_nothing_is_known() -> None:
    known = Known()
    known.renew("")
    known.see([looked_up("192.0.2.7")])
    assert known.told() == {}


def test_the_address_seen_first_is_forgotten_first(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "MOST_KNOWN", 2)
    known = Known(Origins(file))
    known.see([looked_up("192.0.2.1", "192.0.2.2"), looked_up("192.0.2.1", "192.0.2.3")])
    assert set(known.told()) == {"192.0.2.2", "192.0.2.3"}


def test_a_file_that_changed_is_read_again_for_what_is_known(file: Path) -> None:
    known = Known()
    known.renew(str(file))
    known.see([looked_up("192.0.2.7")])
    written(file, {"192.0.2.0/25": network(64999, "Buyer Example")})
    assert known.told() == {"192.0.2.7": CLOUD}
    known.renew(str(file))
    assert known.told() == {
        "192.0.2.7": Origin(prefix="192.0.2.0/25", asn=64999, organisation="Buyer Example")
    }


def test_a_bad_file_leaves_all_as_it_was_and_is_told_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = Known()
    known.renew(str(file))
    known.see([looked_up("192.0.2.7")])
    file.write_bytes(b"half")
    for _ in range(3):
        known.renew(str(file))
    assert known.told() == {"192.0.2.7": CLOUD}
    assert caplog.text.count("is no MaxMind-format database") == 1


def test_a_database_that_is_taken_away_from_the_configuration_is_forgotten(file: Path) -> None:
    known = Known()
    known.renew(str(file))
    known.see([looked_up("192.0.2.7")])
    known.renew("")
    assert known.told() == {}
