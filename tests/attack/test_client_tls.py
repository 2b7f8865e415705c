"""A vault that is not who it says: the client shows it no token."""

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealhold.client import AsyncVault, UntrustedError, Vault, people
from tests.loops import in_a_loop
from tests.web.client_script import PERSON, SECRET

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
BEGUN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
TEN_THOUSAND_DAYS = dt.timedelta(days=10_000)


class Impostor(BaseHTTPRequestHandler):
    """Answers whatever it is asked, and keeps what it was shown."""

    shown: ClassVar[list[str]]

    def do_POST(self) -> None:
        self.shown.append(self.headers["authorization"])
        self.send_response(201)
        self.send_header("content-length", str(len(PERSON)))
        self.end_headers()
        self.wfile.write(PERSON)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # reason: its name there
        """Say nothing."""


def certificate(folder: Path, name: str) -> Path:
    """Return a file with a key and a certificate that only its maker vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGUN)
        .not_valid_after(BEGUN + TEN_THOUSAND_DAYS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(params=["localhost", "vault.example"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Serve with a certificate of a name; yield the address, the certificate, what was shown."""
    path = certificate(tmp_path, request.param)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    Impostor.shown = []
    server = HTTPServer(("127.0.0.1", 0), Impostor)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # reason: quiet
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}", path, Impostor.shown
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.threat("T300")
def test_whoever_has_no_certificate_that_is_trusted_for_the_name_gets_no_token(
    there: tuple[str, Path, list[str]],
) -> None:
    url, path, shown = there
    known = ssl.create_default_context(cafile=str(path))
    is_named = path.stem == "localhost"

    async def ask() -> None:
        async with AsyncVault(url, SECRET) as vault:
            await vault(people.make())

    with Vault(url, SECRET) as vault, pytest.raises(UntrustedError):
        vault(people.make())
    with pytest.raises(UntrustedError):
        in_a_loop(ask())
    assert shown == []
    with Vault(url, SECRET, trust=known) as vault, suppress(UntrustedError):
        vault(people.make())
    assert shown == ([f"Bearer {SECRET}"] if is_named else [])
