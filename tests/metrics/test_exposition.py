"""Both formats are what Prometheus' own parsers read, whatever the labels hold."""

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as classic_families

from probe.metrics.distribution import BOUNDS, Distribution, Exemplar
from probe.metrics.exposition import (
    LINES_AT_ONCE,
    Family,
    Form,
    Kind,
    counter,
    gauge,
    histogram,
    labels,
    sample,
    write,
)

PROMTOOL = shutil.which("promtool")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def written(*families: Family, form: Form = Form.CLASSIC) -> str:
    return b"".join(write(families, form)).decode()


@given(TEXT, st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_value_and_any_number_come_back(value: str, number: float) -> None:
    line = sample("a", labels(("b",), (value,)), number)
    (family,) = classic_families(written(Family("a", Kind.GAUGE, "A.", [line])))
    (found,) = family.samples
    assert (found.labels, found.value) == ({"b": value}, number)


@given(TEXT)
def test_any_label_value_comes_back_from_openmetrics(value: str) -> None:
    line = sample("a_total", labels(("b",), (value,)), 1)
    text = written(Family("a", Kind.COUNTER, "A.", [line]), form=Form.OPENMETRICS)
    (family,) = openmetrics_families(text)  # type: ignore[no-untyped-call]
    assert family.samples[0].labels == {"b": value}


HOSTILE = 'a "quoted"\nline\\ \r\t {x="y"} 1\n# TYPE evil counter\nevil 1\u2028\x00'


@pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus)")
def test_prometheus_own_parser_takes_a_hostile_label_value_for_one() -> None:
    lines = [sample("a", labels(("b",), (HOSTILE,)), 1), sample("a", labels(("b",), ("c",)), 2)]
    text = written(Family("a", Kind.GAUGE, "A.", lines))
    checked = subprocess.run(  # noqa: S603 — Debian's own
        [str(PROMTOOL), "check", "metrics", "--extended"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
    assert re.findall(r"^(\S+) +(\d+) ", checked.stdout, re.MULTILINE) == [
        ("a", "2"),
        ("Total", "2"),
    ]


def test_a_lone_surrogate_spoils_no_scrape() -> None:
    line = sample("a", labels(("b",), ("\ud800",)), 1)
    assert 'a{b="?"} 1.0' in written(Family("a", Kind.GAUGE, "A.", [line]))


@pytest.mark.parametrize(
    ("form", "head"),
    [
        (Form.CLASSIC, "# HELP a_total A.\n# TYPE a_total counter\na_total 2.0\n"),
        (Form.OPENMETRICS, "# HELP a A.\n# TYPE a counter\na_total 2.0\n# EOF\n"),
    ],
)
def test_a_counter_is_named_as_the_format_wants(form: Form, head: str) -> None:
    assert written(counter("a", "A.", 2), form=form) == head


def test_information_is_a_gauge_where_the_format_knows_no_better() -> None:
    family = Family("a", Kind.INFO, "A.", [sample("a_info", 'b="c"', 1)])
    assert "# TYPE a_info gauge\n" in written(family)
    assert "# TYPE a info\n" in written(family, form=Form.OPENMETRICS)


def test_what_never_happened_has_no_sample() -> None:
    assert written(gauge("a", "A.", None)) == "# HELP a A.\n# TYPE a gauge\n"


def held() -> Distribution:
    made = Distribution()
    made.observe(0.02, Exemplar("id-1", 0.02, datetime.fromtimestamp(1.5, UTC)))
    made.observe(0.3)
    made.observe(99.0, Exemplar("id-2", 99.0, datetime.fromtimestamp(2.5, UTC)))
    return made


@pytest.mark.parametrize("form", Form)
def test_a_histogram_is_read_back(form: Form) -> None:
    lines = list(histogram("a", 'b="c"', held(), form))
    text = written(Family("a", Kind.HISTOGRAM, "A.", lines), form=form)
    read = openmetrics_families if form is Form.OPENMETRICS else classic_families
    (family,) = read(text)
    values = {found.name: found.value for found in family.samples}
    assert (values["a_count"], values["a_bucket"]) == (3, 3)
    assert values["a_sum"] == pytest.approx(99.32)
    told = [found.exemplar for found in family.samples if found.exemplar]
    ids = [exemplar.labels["measurement_id"] for exemplar in told]
    assert ids == (["id-1", "id-2"] if form is Form.OPENMETRICS else [])
    assert len(lines) == len(BOUNDS) + 3


def test_it_comes_in_slices() -> None:
    lines = (sample("a", f'b="{n}"', n) for n in range(2 * LINES_AT_ONCE + 1))
    slices = list(write([Family("a", Kind.GAUGE, "A.", lines)], Form.CLASSIC))
    assert [piece.count(b"\n") for piece in slices] == [2, LINES_AT_ONCE, LINES_AT_ONCE, 1]
