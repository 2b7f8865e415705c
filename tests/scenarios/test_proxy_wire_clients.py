"""Clients as people use them, through a listener to a real server: TLS and SCRAM on both sides.

The planner relays all, so that what is seen is the wire alone. Needs PostgreSQL's programs.
"""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealhold.crypto.scram import mock, verifier_of
from sealhold.crypto.secret import Secret
from sealhold.frontends.pg.listener import run
from sealhold.model.quantities import Instant
from sealhold.net.dial import Server
from sealhold.node.pgserving import Certificate, PgDoor
from sealhold.protect.policy import Limits
from sealhold.protect.sql.plan import Plan, Relay
from sealhold.protect.sql.session import Site
from sealhold.protect.sql.upstream import Account, Keyring
from tests.conformance import pgserver
from tests.unit.pg_talk import Admitting, Counting, Planned

OURS, THEIRS = "to the proxy", "to the provider"


class Relaying(Planned):
    """Relays each text as a whole."""

    def plan(self, text: str, oids: Sequence[int], names: object) -> tuple[Plan, ...]:
        del oids, names
        return (Relay(text),)


class Running:
    """A listener before a server; `port` is where clients connect."""

    def __init__(self, folder: Path) -> None:
        room = pgserver.binaries()
        if room is None:
            pytest.skip("postgresql is not installed: tools/system-packages.txt")
        self.server = pgserver.own(room, folder)
        self.chain, self.key = _certificate(folder)
        self._arm(folder)
        self.door = PgDoor(_site(), self._where, Certificate.of(self.chain, self.key))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._ends = threading.Event()
        self._thread = threading.Thread(
            target=run, args=(self.door, self._socket, self._ends.is_set)
        )
        self._thread.start()

    def end(self) -> None:
        self._ends.set()
        self._thread.join()

    def url(self, **more: str) -> str:
        said = {"sslmode": "verify-full", "sslrootcert": str(self.chain)} | more
        options = "&".join(f"{name}={value}" for name, value in said.items())
        return (
            f"postgresql://ada:{OURS.replace(' ', '%20')}@localhost:{self.port}/postgres?{options}"
        )

    def direct(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.server.address, autocommit=True)

    def _where(self, _database: str) -> Server:
        return Server(
            host="localhost",
            port=self.server.port,
            tls="starttls",
            private=True,
            roots=self.chain.read_text(),
            names={"localhost": ["127.0.0.1"]},
        )

    def _arm(self, folder: Path) -> None:
        """Let the server speak TLS, and ask for a password."""
        for each in (self.chain, self.key):
            kept = folder / "data" / each.name
            shutil.copy(each, kept)
            kept.chmod(0o600)
            pgserver.hand_over(kept)
        (folder / "data" / "pg_hba.conf").write_text(
            "hostssl all app 127.0.0.1/32 scram-sha-256\nhost all sealhold 127.0.0.1/32 trust\n"
        )
        with self.direct() as boss:
            boss.execute(f"CREATE ROLE app LOGIN PASSWORD '{THEIRS}'")
            boss.execute("GRANT ALL ON SCHEMA public TO app")
            for name, value in (
                ("ssl_cert_file", self.chain.name),
                ("ssl_key_file", self.key.name),
                ("ssl", "on"),
            ):
                boss.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            boss.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)  # the postmaster reads it when it is told


def _site() -> Site:
    verifier = verifier_of(Secret(OURS.encode(), "password"), os.urandom)
    key = Secret(bytes(32), "mock")
    account = Account("app", "postgres", Keyring(Secret(THEIRS.encode(), "password")))
    return Site(
        planner=Relaying(),
        gate=Admitting(),
        rids=Counting(),
        clock=lambda: Instant(0),
        entropy=os.urandom,
        limits=Limits(),
        verifier=lambda name: verifier if name == "ada" else mock(key, name.encode()),
        account=lambda _: account,
    )


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pg")
    for each in [*folder.parents][:3]:
        if each.stat().st_uid == os.getuid() and each != Path("/tmp"):
            each.chmod(0o711)
    found = Running(folder)
    yield found
    found.end()


def psql(running: Running, *commands: str, **more: str) -> subprocess.CompletedProcess[str]:
    asked = [part for each in commands for part in ("-c", each)]
    return subprocess.run(
        ["psql", "-XAtq", running.url(**more), *asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_psql_binds_its_login_to_the_certificate(running: Running) -> None:
    done = psql(running, "select 1", "select current_user", channel_binding="require")

    assert done.stdout.split() == ["1", "app"], done.stderr


def test_a_wrong_password_and_an_unknown_user_are_told_alike(running: Running) -> None:
    said = []
    for name in ("ada", "eve"):
        url = running.url().replace("ada:to", f"{name}:wrong")
        with pytest.raises(psycopg.OperationalError) as told:
            psycopg.connect(url)
        said.append(str(told.value).replace(name, "NAME"))

    assert said[0] == said[1]
    assert "password authentication failed" in said[0]


def test_without_tls_nobody_comes_in(running: Running) -> None:
    assert "over TLS only" in psql(running, "select 1", sslmode="disable").stderr


def test_psycopg_prepares_pipelines_and_copies(running: Running) -> None:
    with psycopg.connect(running.url()) as client:
        client.execute("CREATE TEMP TABLE t (a int, b text)")
        found = [client.execute("SELECT %s::int", (n,)).fetchone() for n in range(8)]
        with client.pipeline():
            cursors = [client.execute("INSERT INTO t VALUES (%s, 'x')", (n,)) for n in range(50)]
        with client.cursor().copy("COPY t FROM STDIN") as lines:
            for n in range(100):
                lines.write_row((n, "line"))
        with client.cursor().copy("COPY (SELECT b FROM t) TO STDOUT") as lines:
            count = sum(1 for _ in lines.rows())

    assert found == [(n,) for n in range(8)]
    assert len(cursors) == 50
    assert count == 150


async def _asyncpg(running: Running) -> Any:  # noqa: ANN401  reason: the driver has no types
    context = ssl.create_default_context(cafile=str(running.chain))
    return await asyncpg.connect(
        host="localhost", port=running.port, user="ada", password=OURS,
        database="postgres", ssl=context,
    )  # fmt: skip


def test_asyncpg_describes_first_and_reads_by_cursor(running: Running) -> None:
    async def use() -> tuple[object, ...]:
        client = await _asyncpg(running)
        try:
            total = await client.fetchval("SELECT sum(g) FROM generate_series(1, $1) g", 100)
            async with client.transaction():
                rows = [row async for row in client.cursor("SELECT generate_series(1, 120)")]
            with pytest.raises(asyncpg.DivisionByZeroError):
                await client.fetch("SELECT 1 / 0")
            return total, len(rows), await client.fetchval("SELECT 1")
        finally:
            await client.close()

    assert asyncio.run(use()) == (5050, 120, 1)


def test_pgbench_runs_its_own_script_in_each_mode(running: Running) -> None:
    url = running.url()
    made = subprocess.run(
        ["pgbench", "-i", "-q", "-s", "1", url], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr

    for mode in ("simple", "extended", "prepared"):
        done = subprocess.run(
            ["pgbench", "-n", "-M", mode, "-c", "2", "-t", "20", url],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "40/40" in done.stdout, done.stderr


def test_a_cancel_of_ones_own_ends_the_statement(running: Running) -> None:
    # by asyncpg: psycopg's cancel lets no other thread run, and the listener is one
    async def use() -> float:
        client = await _asyncpg(running)
        try:
            begun = time.monotonic()
            with pytest.raises(TimeoutError):
                await client.fetch("SELECT pg_sleep(20)", timeout=0.3)
            assert await client.fetchval("SELECT 1") == 1  # waits until the cancel is done
            return time.monotonic() - begun
        finally:
            await client.close()

    assert asyncio.run(use()) < 10


def test_a_client_that_is_gone_leaves_no_transaction(running: Running) -> None:
    with closing(psycopg.connect(running.url())) as client:
        client.execute("CREATE TABLE IF NOT EXISTS left_open (a int)")
        client.commit()
        client.execute("LOCK TABLE left_open")
        with socket.socket(fileno=os.dup(client.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

        with running.direct() as boss:
            boss.execute("SET lock_timeout = '5s'")
            boss.execute("DROP TABLE left_open")


def test_a_provider_that_hangs_up_ends_the_session_with_a_word(running: Running) -> None:
    with closing(psycopg.connect(running.url(), autocommit=True)) as client:
        row = client.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        with running.direct() as boss:
            boss.execute("SELECT pg_terminate_backend(%s)", row)

        with pytest.raises(psycopg.OperationalError) as told:  # noqa: PT012  reason: it takes a moment
            for _ in range(20):
                client.execute("SELECT 1")
                time.sleep(0.05)

    assert "terminating connection" in str(told.value) or "lost" in str(told.value)


def test_tls_may_begin_with_the_first_byte(running: Running) -> None:
    context = ssl.create_default_context(cafile=str(running.chain))
    context.set_alpn_protocols(["postgresql"])
    with (
        socket.create_connection(("127.0.0.1", running.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"\0\0\0\x12\0\3\0\2user\0ada\0\0")

        said = secure.recv(1000)
        while b"SCRAM" not in said:
            said += secure.recv(1000)

    assert said.startswith(b"v")  # a version that is not spoken here is negotiated
    assert b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0" in said


def test_a_client_that_reads_slowly_holds_the_provider_back(running: Running) -> None:
    with psycopg.connect(running.url()) as client, client.cursor() as cursor:
        rows = cursor.stream("SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        first = next(rows)
        time.sleep(0.3)
        with running.direct() as boss:
            waits = boss.execute(
                "SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%'"
            ).fetchone()
        rest = sum(1 for _ in rows)

    assert len(str(first[0])) == 1000
    assert rest == 19999
    assert waits == ("ClientWrite",)
