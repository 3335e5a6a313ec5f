"""Make, where they are missing, the agent's token and the correlator's certificate.

Three folders come of it: `agent` (token, ca.pem), `correlator` (token, certificate.pem, key.pem)
and `public` (ca.pem), each mounted into whom it is for. The authority's key is kept beside them,
in a folder that nobody mounts, so that a certificate can be renewed under the same authority.
"""

import ipaddress
import os
import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from probe.clock import SystemClock

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
RENEW_BEFORE = timedelta(days=60)
"""Renewed at the `up` that comes this long before the end."""
SKEW = timedelta(hours=1)
OWN_NAMES = ("correlator", "localhost", "127.0.0.1", "::1")
PRIVATE, PUBLIC = 0o400, 0o444

Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def prepare(root: Path, names: tuple[str, ...], now: datetime) -> None:
    """Leave what is there and good as it is; `names` are DNS names or addresses."""
    folders = {name: root / name for name in ("agent", "correlator", "public", "authority")}
    for name, folder in folders.items():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755 if name == "public" else 0o700)
    if not (folders["agent"] / "token").exists():
        text = secrets.token_hex(32).encode()
        write(folders["correlator"] / "token", text, PRIVATE)
        write(folders["agent"] / "token", text, PRIVATE)
    authority = held_or_made(folders["authority"], now)
    for folder in (folders["agent"], folders["public"]):
        write(folder / "ca.pem", pem(authority[0]), PUBLIC)
    if not current(folders["correlator"] / "certificate.pem", names, authority[0], now):
        certificate, key = issued(names, authority, now)
        write(folders["correlator"] / "key.pem", key_pem(key), PRIVATE)
        write(folders["correlator"] / "certificate.pem", pem(certificate), PUBLIC)


def held_or_made(folder: Path, now: datetime) -> Authority:
    certificate_file, key_file = folder / "ca.pem", folder / "key.pem"
    if certificate_file.exists():
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc > now:
            return certificate, key
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority_certificate(key, now)
    write(key_file, key_pem(key), PRIVATE)
    write(certificate_file, pem(certificate), PUBLIC)
    return certificate, key


def authority_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "worksforwhom, this machine's own")])
    signs_alone = x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        begun(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs_alone, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def issued(
    names: tuple[str, ...], authority: Authority, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "worksforwhom correlator")])
    certificate = (
        begun(subject, issuer.subject, key.public_key(), now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([general(name) for name in names]), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate, key


def begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
    )


def current(
    path: Path, names: tuple[str, ...], authority: x509.Certificate, now: datetime
) -> bool:
    """Say whether the certificate is there, of this authority, of these names, with time to run."""
    if not path.exists():
        return False
    held = x509.load_pem_x509_certificate(path.read_bytes())
    alternatives = held.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    try:
        held.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 — whatever is wrong with it, a new one is made
        return False
    return (
        list(alternatives.value) == [general(name) for name in names]
        and held.not_valid_after_utc > now + RENEW_BEFORE
    )


def general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write(path: Path, data: bytes, mode: int) -> None:
    """Write beside and rename: a crash leaves the old file or the new one."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(mode)
    beside.rename(path)


def main(arguments: list[str]) -> int:
    match arguments:
        case [folder] if Path(folder).is_dir():
            extra = os.environ.get("WORKSFORWHOM_NAMES", "").replace(",", " ").split()
            prepare(Path(folder), (*OWN_NAMES, *extra), SystemClock().now())
            return 0
        case _:
            sys.stderr.write("usage: prepare.py FOLDER, a folder that exists\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
