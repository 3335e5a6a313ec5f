from __future__ import annotations

from probe.judge.control import SEVERAL
from probe.judge.evidence import Finding, find
from probe.judge.hypothesis.finding import Finder
from probe.judge.tracks import Tracks
from probe.model import Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import measured, odd

KEY = ("chirp", "web", "chirp-web")
TR, DE = (next(v for v in w.ROSTER if v.country == country) for country in ("TR", "DE"))


def heard(seen: dict[Vantage, str]) -> Tracks:
    tracks = Tracks()
    for vantage, letters in seen.items():
        tracks.add(measured(letters, vantage))
    return tracks


def asked(finder: Finder, tracks: Tracks) -> dict[str, tuple[Finding, ...]]:
    witnesses = tracks.features[KEY[:2]][KEY[2]]
    return finder.found(KEY, witnesses, odd(witnesses))


def test_only_what_is_more_than_whole_answers_is_looked_at() -> None:
    tracks = heard({TR: "oox", DE: "ooo"})
    finder = Finder(tracks)
    found = asked(finder, tracks)
    assert list(found) == [TR.id]
    assert [finding.failing for finding in found[TR.id]] == [True, False, False]
    assert finder.odd == {(*KEY[:2], "TR"): [found[TR.id]]}
    assert finder.named == set()
    calm = heard({DE: "ooo"})
    assert asked(Finder(calm), calm) == {}


def test_what_steady_tracks_say_is_known_as_if_they_were_read() -> None:
    tracks = heard({TR: "oox", DE: "ooo"})
    found = asked(Finder(tracks), tracks)[TR.id]
    known = tracks.known[KEY].known
    assert known.met == SEVERAL
    assert set(known.valid.values()) == {SEVERAL}
    again = find(found[0].sight, known)
    assert (again.main, again.extra) == (found[0].main, found[0].extra)
    assert "tls" in again.main.id


def test_while_the_same_is_known_nothing_is_found_anew() -> None:
    tracks = heard({TR: "xxx", DE: "ooo"})
    first = asked(Finder(tracks), tracks)[TR.id]
    tracks.add(measured("o", DE, first=21.0))
    assert asked(Finder(tracks), tracks)[TR.id][0] is first[0]
    other = next(v for v in w.ROSTER if v.country == "US")
    tracks.add(measured("o", other))
    assert asked(Finder(tracks), tracks)[TR.id][0] is not first[0]
