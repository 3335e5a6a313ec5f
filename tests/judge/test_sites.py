from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.sites import site, written
from probe.model import Header


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CF-RAY", "8f1c2d3e4f5a6b7c-LHR", ("cloudflare", "LHR")),
        ("X-Amz-Cf-Pop", "FRA56-P12", ("cloudfront", "FRA")),
        ("X-Served-By", "cache-lhr-egll1980027-LHR, cache-fra-eddf8230052-FRA", ("fastly", "FRA")),
        ("cf-ray", "8f1c2d3e4f5a6b7c", ("cloudflare", "")),
        ("Server", "nginx", ("", "")),
    ],
)
def test_the_site_is_read_from_the_network_s_own_header(
    name: str, value: str, expected: tuple[str, str]
) -> None:
    assert site((Header(name=name, value=value),)) == expected


@given(st.lists(st.builds(Header, name=st.text(), value=st.text())))
def test_whatever_headers_come_nothing_breaks(headers: list[Header]) -> None:
    network, place = site(headers)
    assert isinstance(network, str)
    assert place == "" or len(place) == 3


NAMES = st.sampled_from(["CF-RAY", "cf-ray", "X-Amz-Cf-Pop", "x-served-by", "Server", "x-served"])
VALUES = st.one_of(
    st.text(),
    st.builds(
        "{}{}{}".format, st.text(alphabet=' a1"\\\n[,', max_size=4),
        st.sampled_from(["-LHR", "-lhr", "FRA5", "-FRA-AMS", "-LHRX", "FRA", "LHR", '["cf-ray","1-LHR"]']),
        st.text(alphabet=' "\\\n', max_size=2),
    ),
)  # fmt: skip


@given(st.lists(st.builds(Header, name=NAMES | st.text(), value=VALUES)))
def test_it_is_read_as_it_is_written(headers: list[Header]) -> None:
    assert written(msgspec.json.encode(headers)) == site(headers)
