"""The pictures are well-formed, show every count, and bring their own light and dark."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from probe.lab.score import drawing
from probe.lab.score.reliability import Tally

NAMESPACE = "{http://www.w3.org/2000/svg}"
NAMES = st.text(st.sampled_from('abc <>&"é'), max_size=10)


def texts(picture: str) -> list[str]:
    root = ET.fromstring(picture)  # noqa: S314 — our own
    return [element.text or "" for element in root.iter(f"{NAMESPACE}text")]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), NAMES)
def test_a_reliability_plot_has_a_point_and_a_count_for_each_bin(
    beliefs: list[tuple[float, bool]], name: str
) -> None:
    tally = Tally()
    for belief, right in beliefs:
        tally.add(belief, right=right)
    bins = tally.bins()
    picture = drawing.reliability("How sure & how right", {name: bins})
    root = ET.fromstring(picture)  # noqa: S314 — our own
    points = list(root.iter(f"{NAMESPACE}circle"))
    assert len(points) == len(bins)
    for point in points:
        assert 60 <= float(point.attrib["cx"]) <= 460
        assert 48 <= float(point.attrib["cy"]) <= 448
    shown = texts(picture)
    assert [text for text in shown if text == "How sure & how right"]
    counts = [e for e in root.iter(f"{NAMESPACE}text") if e.attrib.get("class") == "small"]
    assert len(counts) <= len(bins)
    # Each is rounded by itself.
    assert abs(sum(float(e.text or "") for e in counts) - len(beliefs)) <= len(counts) / 2
    assert any(line.attrib.get("class") == "diagonal" for line in root.iter(f"{NAMESPACE}line"))


def test_it_is_readable_on_dark_ground() -> None:
    picture = drawing.reliability("", {})
    assert "prefers-color-scheme: dark" in picture
    assert picture.count("var(--ink)") >= 1


CAUSES = st.sampled_from(["ok", "filtering", "service_outage", "insufficient"])
TABLES = st.dictionaries(CAUSES, st.dictionaries(CAUSES, st.integers(1, 99)))


@given(TABLES)
def test_a_confusion_matrix_shows_every_count(table: dict[str, dict[str, int]]) -> None:
    answers = sorted({answer for held in table.values() for answer in held})
    picture = drawing.confusion("Expected and answered", table, answers)
    shown = texts(picture)
    counts = [str(number) for held in table.values() for number in held.values()]
    assert sorted(text for text in shown if text.isdigit()) == sorted(counts)
    assert {cause.replace("_", " ") for cause in table} <= set(shown)
