"""What URLs ask for, and that what the configuration lets pass can be asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.form import is_endpoint_url
from probe.measure.goal import Name, depth, goal
from probe.measure.message import Question
from probe.measure.resolver import Server, named
from probe.measure.site import BadUrlError, Site, parse
from probe.model import Layer


def test_a_page_is_a_site() -> None:
    assert goal("https://site.test/x") == parse("https://site.test/x")


def test_a_port() -> None:
    found = goal("tcp://Site.test:25/")
    assert found == Site(scheme="tcp", host="site.test", port=25, target="", literal=False)
    six = goal("tcp://[2001:db8::1]:853")
    assert isinstance(six, Site)
    assert (six.host, six.port, six.literal) == ("2001:db8::1", 853, True)


@pytest.mark.parametrize(
    ("url", "question", "server"),
    [
        ("dns:site.test", Question("site.test", "A"), None),
        ("dns:///Site.test?type=aaaa", Question("site.test", "AAAA"), None),
        ("dns://9.9.9.9/site.test", Question("site.test", "A"), Server("9.9.9.9", 53, "9.9.9.9")),
        (
            "dns://[2620:fe::fe]:5353/site.test?TYPE=A",
            Question("site.test", "A"),
            Server("2620:fe::fe", 5353, "2620:fe::fe"),
        ),
        (
            "dns+tls://dns.quad9.net@9.9.9.9/site.test?type=AAAA",
            Question("site.test", "AAAA"),
            named("tls://dns.quad9.net@9.9.9.9"),
        ),
        ("dns+tcp://9.9.9.9:54/site.test", Question("site.test", "A"), named("tcp://9.9.9.9:54")),
        (
            "dns+https://a.example@[2620:fe::fe]/site.test",
            Question("site.test", "A"),
            named("https://a.example@[2620:fe::fe]/dns-query"),
        ),
        (
            "DNS+HTTPS://a.example@9.9.9.9/some/path/site.test",
            Question("site.test", "A"),
            named("https://a.example@9.9.9.9/some/path"),
        ),
    ],
)
def test_a_name(url: str, question: Question, server: Server | None) -> None:
    assert goal(url) == Name(question, server)


BAD = (
    "ftp://site.test/",
    "site.test",
    "tcp://site.test",
    "tcp://site.test:0",
    "http://site.test:0/",
    "https://10.0.0.1:0/",
    "https://user:password@site.test/",
    "https://user@site.test/",
    "tcp://user@site.test:25",
    "tcp://site.test:99999",
    "tcp://site.test:25/x",
    "tcp://:25",
    "dns:",
    "dns:1.2.3.4",
    "dns://9.9.9.9",
    "dns://resolver.test/site.test",
    "dns:site.test?type=MX",
    "dns:site.test/x",
    "dns:site.test:53",
    "dns+udp://9.9.9.9/site.test",
    "dns+tls://dns.quad9.net/site.test",
    "dns+tls://dns.quad9.net@9.9.9.9",
    "dns+tls://dns.quad9.net@9.9.9.9/",
    "dns+tls://9.9.9.9/path/site.test",
    "dns+https://9.9.9.9/dns-query/1.2.3.4",
    "dns+https:site.test",
    "dns://a@9.9.9.9/site.test",
)


@pytest.mark.parametrize("url", BAD)
def test_what_cannot_be_asked_for(url: str) -> None:
    assert not is_endpoint_url(url)
    with pytest.raises(BadUrlError):
        goal(url)


LABELS = st.from_regex(r"[A-Za-z0-9_.\[\]:-]{0,12}", fullmatch=True)


@given(
    st.sampled_from(
        [
            *("tcp://", "dns:", "dns:///", "dns://9.9.9.9/", "http://", "dns://", "dns+tls://"),
            *("dns+tls://a@9.9.9.9/", "dns+https://9.9.9.9/", "dns+https://9.9.9.9/q/"),
        ]
    ),
    LABELS,
    st.sampled_from(["", ":53", "/", "/site.test", "?type=A", "?type=AAAA", "?"]),
)
def test_what_the_configuration_lets_pass_can_be_asked_for(
    scheme: str, middle: str, end: str
) -> None:
    url = f"{scheme}{middle}{end}"
    if is_endpoint_url(url):
        assert isinstance(goal(url), Site | Name)


@pytest.mark.parametrize(
    ("url", "layer"),
    [
        ("https://site.test/", Layer.HTTP),
        ("http://192.0.2.1/", Layer.HTTP),
        ("tcp://site.test:25", Layer.TCP),
        ("dns:site.test", Layer.DNS),
        ("dns+tls://dns.quad9.net@9.9.9.9/site.test", Layer.DNS),
    ],
)
def test_how_deep_a_chain_is_to_go(url: str, layer: Layer) -> None:
    assert depth(url) is layer
