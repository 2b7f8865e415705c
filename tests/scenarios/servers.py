"""A server on this machine that says what a test tells it to, behind a certificate of its own."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealhold.compute.retrieve import Fetch
from sealhold.net.fetch import Way, fetch

HOST = "data.example.org"
Says = Callable[[ssl.SSLSocket], None]


def file(content: bytes, *more: str, status: str = "200 OK") -> bytes:
    """Return a reply with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def says(reply: bytes) -> Says:
    return lambda link: link.sendall(reply)


@dataclass
class Server:
    """Answers each request with what stands at its path, and keeps what was asked."""

    port: int
    roots: str  # PEM of the certificate that it shows
    paths: dict[str, Says] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)

    def give(self, path: str, content: bytes) -> str:
        """Give `content` out at `path` from now on, and return its address."""
        self.paths[path] = says(file(content))
        return f"https://{HOST}{path}"

    def way(self, **other: object) -> Way:
        """Return the way to this server, which tests alone may take."""
        known: dict[str, object] = {
            "roots": self.roots,
            "names": {HOST: ("127.0.0.1",)},
            "port": self.port,
            "loopback": True,
            "idle": 10.0,
            "total": 30.0,
        }
        return Way(**{**known, **other})  # type: ignore[arg-type]  # reason: a test names fields

    def fetch(self, **other: object) -> Fetch:
        return partial(fetch, way=self.way(**other))


def certificate(folder: Path, name: str = HOST, *, days: int = 30) -> tuple[Path, str]:
    """Write key and certificate of `name` into one file; return it and the PEM to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(days, 0) - 60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_called(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{name}-{days}.pem"
    path.write_bytes(private + public)
    return path, public.decode()


def _called(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@contextmanager
def serving(folder: Path, name: str = HOST, *, days: int = 30) -> Iterator[Server]:
    """Serve on a free port of this machine for as long as the block runs."""
    path, roots = certificate(folder, name, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(port=listener.getsockname()[1], roots=roots)
        threading.Thread(target=_serve, args=(listener, context, server), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, context: ssl.SSLContext, server: Server) -> None:
    with suppress(OSError):
        while True:
            link, _ = listener.accept()
            threading.Thread(target=_answer, args=(link, context, server), daemon=True).start()


def _answer(plain: socket.socket, context: ssl.SSLContext, server: Server) -> None:
    with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as link:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += link.recv(4096) or b"\r\n\r\n"
        server.requests.append(asked)
        path = asked.split(b" ")[1].decode()
        server.paths.get(path, says(file(b"", status="404 Not Found")))(link)
        with suppress(OSError):
            link.unwrap()
