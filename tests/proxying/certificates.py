"""Certificates for servers of the tests: one that signs itself, for this machine's loopback."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGINS = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ENDS = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)


def write_certificates(folder: Path, name: str = "server") -> None:
    """Write `NAME.key`, `NAME.crt` and, the same again, `root.crt`."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    places = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(places, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = folder / f"{name}.key"
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    text = signed.public_bytes(serialization.Encoding.PEM)
    (folder / f"{name}.crt").write_bytes(text)
    (folder / "root.crt").write_bytes(text)
