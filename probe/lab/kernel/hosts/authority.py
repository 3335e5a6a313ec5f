"""The lab's certificate authority: a bundle for those who verify, a chain for each who serves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import trustme

EXPIRED = datetime(2020, 1, 1, tzinfo=UTC)
EARLY = datetime(2037, 1, 1, tzinfo=UTC)


class Authority:
    """Writes PEM files into one directory."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA(organization_name="Lab", organization_unit_name="Certificates")
        self._directory = directory
        self.bundle = directory / "bundle.pem"
        self._ca.cert_pem.write_to_path(str(self.bundle))

    def issue(self, *names: str, expired: bool = False, early: bool = False) -> Path:
        """Return a PEM file with key and chain for these names or addresses.

        `expired`: it has run out; `early`: it is not valid yet.
        """
        leaf = self._ca.issue_cert(
            *names,
            common_name=names[0],
            not_before=EARLY if early else None,
            not_after=EXPIRED if expired else None,
        )
        kind = "-expired" * expired or "-early" * early
        path = self._directory / f"{names[0]}{kind}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        path.chmod(0o600)
        return path
