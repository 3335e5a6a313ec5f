"""A listener's file is exporter-toolkit's: upstream's own good and bad examples, said in our words."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config import load, web
from probe.config.load import ConfigError
from probe.config.shape import Seconds

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
PAIR = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
ALL_CIPHERS = "".join(f"    - {name}\n" for name in sorted(web.ALL_CIPHERS))

GOOD = {
    "empty": "",
    "noAuth": PAIR,
    "tlsInline": "tls_server_config:\n  cert: |\n    one\n  key: |\n    two\n",
    "cert from file, key inline": "tls_server_config: {cert_file: server.crt, key: two}\n",
    "noClientCert": PAIR + "  client_auth_type: NoClientCert\n",
    "requestClientCert": PAIR + "  client_auth_type: RequestClientCert\n",
    "requireandverifyclientcert": PAIR
    + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
    "verifyclientcertifgiven": PAIR
    + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca: text\n",
    "client_san": PAIR
    + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
    + "  client_allowed_sans: [test3, 'spiffe://x/y']\n",
    "allCiphers": PAIR + f"  cipher_suites:\n{ALL_CIPHERS}",
    "someCiphers_noOrder": PAIR
    + "  prefer_server_cipher_suites: false\n"
    + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n",
    "allCurves": PAIR + "  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n",
    "someCurves": PAIR + "  curve_preferences: [CurveP521]\n",
    "noHTTP2": PAIR + "http_server_config:\n  http2: false\n",
    "tls13": PAIR + "  min_version: TLS13\n  max_version: TLS13\n",
    "headers": "http_server_config:\n  headers:\n"
    "    Strict-Transport-Security: max-age=31536000;includeSubDomains\n"
    "    X-Content-Type-Options: nosniff\n    X-Frame-Options: deny\n"
    "    Content-Security-Policy: default-src https\n    X-XSS-Protection: 1; mode=block\n",
    "users_noTLS": f"basic_auth_users:\n  alice: {HASH}\n  bob: {HASH.replace('2y', '2b')}\n",
    "rate_limiter_nonblocking": "rate_limit:\n  interval: 0\n",
    "rate_limiter_one_second": "rate_limit:\n  burst: 5\n  interval: 1s\n",
}


def read(tmp_path: Path, text: str) -> web.WebConfig:
    path = tmp_path / "web.yaml"
    path.write_text(text)
    return load.web_config(path)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_upstream_takes_is_taken(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).tls_server_config.wanted is ("tls_server" in text)


BAD = {
    "junk": ("hello", "web.yaml:1: expected a mapping"),
    "junk_key": ("hello: world\n", "web.yaml:1: hello: unknown key"),
    "junk_key inside": (PAIR + "  certfile: x\n", "web.yaml:4: tls_server_config.certfile: unk"),
    "noAuth_certPath_empty": (
        "tls_server_config:\n  cert_file: ''\n  key_file: server.key\n",
        "web.yaml:1: tls_server_config: is missing one of cert or cert_file",
    ),
    "noAuth_keyPath_empty": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: ''\n",
        "is missing one of key or key_file",
    ),
    "noAuth_certPath_keyPath_empty": (
        "tls_server_config: {cert_file: '', key_file: '', client_ca_file: x}\n",
        "is missing one of cert or cert_file",
    ),
    "both forms": (PAIR + "  key: two\n", "web.yaml:4: tls_server_config.key: is given besides"),
    "clientCA without policy": (
        PAIR + "  client_ca_file: ca.pem\n",
        "web.yaml:4: tls_server_config.client_ca_file: names an authority",
    ),
    "policy without clientCA": (
        PAIR + "  client_auth_type: RequireAndVerifyClientCert\n",
        "needs client_ca_file",
    ),
    "invented policy": (
        PAIR + "  client_auth_type: Maybe\n",
        "client_auth_type: is 'Maybe'; it must be one of NoClientCert, RequestClientCert, Ver",
    ),
    "requireanyclientcert": (
        PAIR + "  client_auth_type: RequireAnyClientCert\n",
        "verifies nothing: anybody makes such a certificate",
    ),
    "san without certificates": (
        PAIR + "  client_allowed_sans: [a]\n",
        "client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
    ),
    "inventedCiphers": (
        PAIR + "  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_RC4\n",
        "web.yaml:5: tls_server_config.cipher_suites[0]: is 'TLS_ECDHE_RSA_WITH_RC4'",
    ),
    "inventedCurves": (PAIR + "  curve_preferences: [CurveP257]\n", "must be a curve that Go nam"),
    "between curves": (PAIR + "  curve_preferences: [CurveP256, X25519]\n", "names some curves"),
    "wrongTLSVersion": (PAIR + "  min_version: TLS111\n", "min_version: is 'TLS111'; it must be"),
    "old TLS": (PAIR + "  min_version: TLS10\n", "what came before is not spoken here"),
    "versions crossed": (
        PAIR + "  min_version: TLS13\n  max_version: TLS12\n",
        "web.yaml:4: tls_server_config.min_version: is above max_version, TLS12",
    ),
    "headers_content_type_options": (
        "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
        "web.yaml:3: http_server_config.headers.X-Content-Type-Options: is 'sniff'; it must be",
    ),
    "headers_frame_options": (
        "http_server_config: {headers: {X-Frame-Options: maybe}}\n",
        "must be deny or sameorigin",
    ),
    "headers_extra_header": ("http_server_config: {headers: {Foo: bar}}\n", "cannot be set"),
    "header of two lines": (
        'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nFoo: bar"}}\n',
        "must be plain ASCII, on one line",
    ),
    "auth_user_list_invalid": (
        "basic_auth_users:\n  john: doe\n",
        "web.yaml:2: basic_auth_users.john: is no bcrypt hash",
    ),
    "a user with a colon": (f"basic_auth_users: {{'a:b': {HASH}}}\n", "is no user name"),
    "a hash that takes hours": (
        f"basic_auth_users: {{a: {HASH.replace('$10$', '$31$')}}}\n",
        "has cost 31; it must be from 4 to 16",
    ),
    "a limit that lets nobody in": ("rate_limit: {interval: 1s}\n", "must be 1 or more, or nob"),
    "a limit without sense": ("rate_limit: {burst: -1}\n", "must be from 0 to 1000000"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_one_sentence_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load.web_config(tmp_path / "no-such.yaml")


def test_no_error_shows_a_password_s_hash(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, "basic_auth_users: {alice: $2y$10$tooshort}\n")
    assert "tooshort" not in str(refused.value)
    assert "tooshort" not in repr(read(tmp_path, f"basic_auth_users: {{a: {HASH}}}\n"))


def test_its_files_are_relative_to_it(tmp_path: Path) -> None:
    tls = read(tmp_path, PAIR).tls_server_config
    assert web.files(tls) == (tmp_path / "server.crt", tmp_path / "server.key")


def test_durations_are_ours_and_go_s(tmp_path: Path) -> None:
    limit = read(tmp_path, "rate_limit: {interval: 1m30s, burst: 5}\n").rate_limit
    assert limit == web.RateLimit(interval=Seconds(90), burst=5)


def test_the_example_is_good_with_and_without_its_comment_signs(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "configs" / "web.yaml"
    assert load.web_config(example) == web.WebConfig()
    lines = example.read_text().splitlines()
    keys = re.compile(r"# (?= *[A-Za-z_-]+:( |$))")
    text = "\n".join(keys.sub("", line, count=1) for line in lines if keys.match(line))
    found = read(tmp_path, text)
    assert found.tls_server_config.client_auth_type == "RequireAndVerifyClientCert"
    assert list(found.basic_auth_users) == ["dave"]
    assert found.rate_limit.burst == 20


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=70), max_size=3))
def test_users_are_taken_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, users: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("users") / "web.yaml"
    path.write_text(json.dumps({"basic_auth_users": users}))
    try:
        found = load.web_config(path)
    except ConfigError as refused:
        said = str(refused)
        taken: tuple[str, ...] = ()
    else:
        said, taken = "", tuple(found.basic_auth_users.values())
    assert "\n" not in said
    assert all(web.BCRYPT.fullmatch(hashed) for hashed in taken)
