"""Lists of fingerprints: what is broken is left out by its line, and the rest serves."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.fingerprint import LONGEST_PATTERN, MOST_BYTES, Pattern, load
from probe.model import Fingerprint

SHARED = Path(__file__).parents[3] / "shared" / "fingerprints"
COLUMNS = "name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_url,notes"
needs_lists = pytest.mark.skipif(not SHARED.is_dir(), reason="the lists are in ../shared")


def ooni(tmp_path: Path, *rows: str) -> tuple[list[Pattern], list[str]]:
    path = tmp_path / "ooni.csv"
    path.write_text("\n".join((COLUMNS, *rows)), "utf-8")
    loaded = load([str(path)])
    return list(loaded.patterns), [line.removeprefix(f"{path}:") for line in loaded.refused]


def planet(tmp_path: Path, *lines: str) -> tuple[list[Pattern], list[str]]:
    path = tmp_path / "planet.json"
    path.write_text("\n".join(lines), "utf-8")
    loaded = load([str(path)])
    return list(loaded.patterns), [line.removeprefix(f"{path}:") for line in loaded.refused]


def test_ooni_s_columns(tmp_path: Path) -> None:
    found, refused = ooni(
        tmp_path,
        'ooni.xx_0,nat,ooni.yy_0,body,contains,"blocked, by order",5,"AE,SA",ooni,,"two\nlines"',
        "ooni.xx_1,isp,,header.location,prefix,http://notice.example,5,,ooni,,",
        "ooni.xx_2,nat,,dns,full,192.0.2.1,5,CN,ooni,,",
        "cp.xx_3,prod,,body,regexp,URL .* Sp.*er Gate,5,,censored planet,,",
        "cp.xx_4,injb,,body,contains,some words,5,,censored planet,,",
    )
    assert refused == []
    assert [(p.place, p.kind, p.pieces) for p in found] == [
        ("body", "contains", ((b"blocked, by order",),)),
        ("header.location", "prefix", ((b"http://notice.example",),)),
        ("dns", "full", ((b"192.0.2.1",),)),
        ("body", "contains", ((b"URL ",), (b" Sp",), (b"er Gate",))),
        ("body", "contains", ((b"some words",),)),
    ]
    assert found[0].fingerprint == Fingerprint("ooni.xx_0", "nat", ("AE", "SA"))
    assert found[4].fingerprint.scope == "vbw"


def test_a_broken_row_is_left_out_by_its_line(tmp_path: Path) -> None:
    found, refused = ooni(
        tmp_path,
        "a,nat,,body,contains,good words,5,,,,",
        ",nat,,body,contains,good words,5,,,,",
        "c,nat,,nowhere,contains,good words,5,,,,",
        "d,nat,,body,begins,good words,5,,,,",
        "e,nat,,body,regexp,(a+)+b,5,,,,",
        "f,nat,,body,contains,abc,5,,,,",
        f"g,nat,,body,contains,{'x' * (LONGEST_PATTERN + 1)},5,,,,",
        "h,nat",
        "i,isp,,body,contains,more words,5,,,,",
    )
    assert [pattern.fingerprint.name for pattern in found] == ["a", "i"]
    assert [line.split(" ")[0] for line in refused] == ["3:", "4:", "5:", "6:", "7:", "8:", "9:"]
    assert refused[3] == "6: '(' is not supported in a pattern; escape it as \\("


def test_a_quote_that_nobody_closes_takes_no_other_line_with_it(tmp_path: Path) -> None:
    found, refused = ooni(
        tmp_path,
        'a,nat,,body,contains,"<b>two',
        'lines</b>",5,,,,',
        'b,nat,,body,contains,"never closed,5,,,,',
        'c,nat,,body,contains,good words,5,"AE,SA",,,',
        *(f"d{n},nat,,body,contains,good words {n},5,,,," for n in range(30)),
        f"e,nat,,body,contains,{'x' * 200_000},5,,,,",
        'f,nat,,body,contains,"a quote" in between,5,,,,',
        'g,nat,,body,contains,"more words,5,,,,',
    )
    assert [one.fingerprint.name for one in found] == ["a", "c", *(f"d{n}" for n in range(30))]
    assert found[0].pieces == ((b"<b>two\nlines</b>",),)
    assert [line.split(" ")[0] for line in refused] == ["4:", "36:", "37:", "38:"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("full", text) for text in ("1.2.3", " 1.2.3.4", "01.2.3.4", "a", "a b.example", "")),
        *(("contains", "1.2.3.4"), ("prefix", "notice.example")),
    ],
)
def test_what_no_answer_can_be_is_left_out(tmp_path: Path, kind: str, text: str) -> None:
    found, (said,) = ooni(tmp_path, f"a,nat,,dns,{kind},{text},5,,,,")
    assert found == []
    assert said.startswith("2: a pattern of dns must be a full address, or")


def test_censored_planet_s_lines(tmp_path: Path) -> None:
    found, refused = planet(
        tmp_path,
        '{"fingerprint":"c_isp_ru_one","pattern":"<title>a\\\\.b.c</title>"}',
        "",
        '{"fingerprint":"x_fpru_nginx","pattern":"Welcome to nginx"}',
        '{"fingerprint":"c_dotster","pattern":"Dotster page"}',
        '{"fingerprint":"f_gen_blocked","pattern":"This is blocked"}',
    )
    assert refused == []
    assert found[0].pieces == ((b"<title>a.b", b"c</title>"),)
    assert [pattern.fingerprint for pattern in found] == [
        Fingerprint("cp.c_isp_ru_one", "isp", ("RU",)),
        Fingerprint("cp.x_fpru_nginx", "fp"),
        Fingerprint("cp.c_dotster", "fp"),
        Fingerprint("cp.f_gen_blocked", "vbw"),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is not JSON"),
        ("{}", 'must have "fingerprint" and "pattern"'),
        ('{"fingerprint":1,"pattern":"x"}', "both texts"),
        ('{"fingerprint":"a","pattern":"many (words"}', "'(' is not supported"),
        ('{"fingerprint":"a","pattern":"\\\\d\\\\d\\\\d\\\\d\\\\d"}', "is not supported"),
        ('{"fingerprint":"a","pattern":"a.b.c"}', "no part of the pattern has 4 bytes"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "is not a JSON object"),
    ],
)
def test_a_broken_line_is_left_out(tmp_path: Path, line: str, why: str) -> None:
    good = '{"fingerprint":"b_nat_xx","pattern":"good words"}'
    found, refused = planet(tmp_path, good, line, good.replace("good", "more"))
    assert len(found) == 2
    (said,) = refused
    assert said.startswith("2: ")
    assert why in said


def test_a_broken_file_is_left_out_and_the_others_serve(tmp_path: Path) -> None:
    good, empty, large = tmp_path / "good.json", tmp_path / "empty.csv", tmp_path / "large.csv"
    good.write_text('{"fingerprint":"b_nat_xx","pattern":"good words"}')
    empty.write_text("a,b\n1,2\n")
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    loaded = load([str(tmp_path / "none"), str(tmp_path), str(empty), str(large), str(good), "\0"])
    assert len(loaded.patterns) == 1
    assert [line.rpartition(": ")[0].removeprefix(f"{tmp_path}") for line in loaded.refused] == [
        *("/none: cannot be read", ": cannot be read", "/empty.csv:1", "/large.csv"),
        "\0: cannot be read",
    ]


def test_a_list_that_changed_is_read_again(tmp_path: Path) -> None:
    first, _ = planet(tmp_path, '{"fingerprint":"b_nat_xx","pattern":"good words"}')
    second, _ = planet(tmp_path, '{"fingerprint":"b_nat_xx","pattern":"other words"}')
    assert first != second


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    for start in ("", COLUMNS + "\n", "{"):
        path.write_text(start + text, "utf-8", "surrogatepass")
        assert load([str(path)]) is not None


@needs_lists
@pytest.mark.parametrize(
    ("name", "read", "refused"),
    [
        ("ooni/fingerprints_http.csv", 1728, 1),
        ("ooni/fingerprints_dns.csv", 226, 0),
        ("censoredplanet/blockpage_signatures.assets.json", 638, 5),
        ("censoredplanet/false_positive_signatures.assets.json", 456, 7),
    ],
)
def test_the_lists_that_are_published(name: str, read: int, refused: int) -> None:
    loaded = load([str(SHARED / name)])
    assert (len(loaded.patterns), len(loaded.refused)) == (read, refused)
