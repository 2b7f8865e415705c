"""The rented database of the tests: a PostgreSQL server with passwords (SCRAM), TLS and a log.

- Two databases of one server: `rented` is what stands behind the proxy, `plain` is the truth that
  the same statements are compared with, asked directly.
- Every statement is logged, write-ahead log is kept whole: what the provider saw can be searched.
- Another place of text order: the database `worded` sorts text by the rules of a language.
"""

import atexit
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.conformance.pgserver import NOBODY, STARTING, binaries
from tests.proxying.addresses import Address
from tests.proxying.certificates import write_certificates
from tests.proxying.talking import Talk

OWNER = "landlord"
PASSWORD = "the-landlord-s-own"
DATABASES = ("rented", "plain")
WORD = (  # what the proxy has for a search by word, said in SQL
    "CREATE FUNCTION sealhold_word(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS "
    "$$SELECT to_tsvector('simple', $1) @@ to_tsquery('simple', $2)$$"
)
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 300,
    "shared_buffers": "64MB",
    "fsync": "off",
    "password_encryption": "scram-sha-256",
    "wal_keep_size": "1GB",
    "log_line_prefix": "%m [%p] %q%a ",
    "ssl": "on",
    "timezone": "UTC",
    "default_text_search_config": "pg_catalog.simple",
}


@dataclass(slots=True)
class Cluster:
    """A server whose files are in `folder`."""

    room: Path
    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def root(self) -> Path:
        return self.folder / "root.crt"

    def address(self, database: str, *, tls: bool = False) -> Address:
        """Return where one of its databases is asked directly."""
        return Address(
            port=self.port,
            user=OWNER,
            password=PASSWORD,
            database=database,
            sslmode="verify-full" if tls else "disable",
            root=str(self.root) if tls else "",
        )

    def run(self, sql: str, database: str = "postgres") -> list[tuple[str | None, ...]]:
        """Run statements as the owner, and return the rows of the last."""
        with Talk(self.address(database)) as link:
            return link.rows(sql)


@contextmanager
def cluster(statement_log: str = "none") -> Iterator[Cluster]:
    """Run a server, and end it by its process id."""
    room = binaries()
    if room is None:
        pytest.skip("postgresql is not installed: tools/system-packages.txt")
    folder = Path(tempfile.mkdtemp(prefix="sealhold-rented-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    started = _started(room, folder, {**OPTIONS, "log_statement": statement_log})
    try:
        yield started
    finally:
        started.process.send_signal(signal.SIGINT)  # without waiting for clients
        with suppress(subprocess.TimeoutExpired):
            started.process.wait(10)
        started.process.kill()
        started.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def server_user() -> str | None:
    """Return as whom a server runs: none of them runs as root."""
    return NOBODY if os.geteuid() == 0 else None


def give(folder: Path) -> None:
    """Let the server own a folder and all files in it."""
    user = server_user()
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _started(room: Path, folder: Path, options: dict[str, object]) -> Cluster:
    (folder / "password").write_text(PASSWORD)
    write_certificates(folder)
    give(folder)
    subprocess.run(
        [room / "initdb", "-D", folder / "data", "-U", OWNER, "-A", "scram-sha-256", "-E", "UTF8",
         "--pwfile", folder / "password", "--locale=C", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, user=server_user(), cwd=folder,
    )  # fmt: skip
    port = free_port()
    settings = {
        **options,
        "port": port,
        "unix_socket_directories": folder,
        "ssl_cert_file": folder / "server.crt",
        "ssl_key_file": folder / "server.key",
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [room / "postgres", "-D", folder / "data",
             *(f"--{name}={value}" for name, value in settings.items())],
            stdout=log, stderr=log, user=server_user(), cwd=folder,
        )  # fmt: skip
    made = Cluster(room, folder, port, process)
    wait_for(made)
    for name in DATABASES:
        made.run(f"CREATE DATABASE {name}")
    made.run(WORD, "plain")
    made.run(
        "CREATE DATABASE worded TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' "
        "LOCALE 'C'"
    )
    return made


def wait_for(made: Cluster) -> None:
    """Wait until a server answers."""
    until = monotonic() + STARTING
    while True:
        with suppress(ConnectionError):
            made.run("SELECT 1")
            return
        assert made.process.poll() is None, made.log.read_text()[-2000:]
        assert monotonic() < until, "the server did not start"
        sleep(0.05)


def trusting(root: Path) -> ssl.SSLContext:
    """Return how a client checks the server's certificate."""
    return ssl.create_default_context(cafile=str(root))
