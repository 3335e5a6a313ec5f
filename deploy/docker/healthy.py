"""Ask a daemon in this very container whether it is healthy; exit 0 when it says so, 1 when not."""

import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus

TIMEOUT_SECONDS = 4
STRANGER = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
"""What a daemon whose web.config_file protects all paths answers: it is alive and at its post."""
LOOPBACK = ("http://127.0.0.1:", "https://127.0.0.1:")


def healthy(url: str) -> bool:
    """Say whether the daemon answers; its certificate is for another name than loopback's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310 — loopback, see main
            return bool(answer.status == HTTPStatus.OK)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code in STRANGER
    except (OSError, urllib.error.URLError):
        return False


def main(arguments: list[str]) -> int:
    match arguments:
        case [url] if url.startswith(LOOPBACK):
            return 0 if healthy(url) else 1
        case _:
            sys.stderr.write("usage: healthy.py http[s]://127.0.0.1:PORT/-/healthy\n")
            return 1  # Docker reserves 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
