"""A listener's certificate: loaded at the start, and again at a reload without a new listener."""

from __future__ import annotations

import ssl

from probe.config.load import ConfigError
from probe.config.shape import Tls


def context(tls: Tls) -> ssl.SSLContext:
    """Make the listener's TLS, 1.2 at least; raises ConfigError."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    load(made, tls)
    return made


def load(context: ssl.SSLContext, tls: Tls) -> None:
    """Load the files into a context that may be in use already; raises ConfigError."""
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except ssl.SSLError as error:
        raise ConfigError(
            f"tls: {tls.certificate} and {tls.key} are no PEM certificate and its key: "
            f"{error.reason or 'unreadable'}"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"tls: {tls.certificate} or {tls.key} cannot be read: {error.strerror}"
        ) from None
