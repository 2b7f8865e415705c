"""`sealhold bench relay`: packs and entries through a blind relay in a process of its own, by TLS.

- `put_mb_s`, `get_mb_s`: full packs of 8 MiB over TLS 1.3, four at once as a first sync sends
  them; each is hashed, durable on disk, and has its row before the answer. Megabytes a second.
- `put_one_mb_s`: the same, one after the other.
- `bare_mb_s`: such packs over a TLS connection with nothing behind it, the peer of the same minute.
- `entry_ms`: one entry of 512 bytes, durable. `entries_s`: entries a second from 8 devices.
- `told_ms`: from a put until another device that polls has been told.

Source: docs/benchmarks.md, docs/spec/14-relay.md.
"""

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealhold.bench.harness import Bench, per_call
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Putting
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.node import Places, World
from sealhold.node.relaying import Accounts, make

HOST: Final = "relay.bench"
PACK: Final = 8_388_608  # bytes
MEGA: Final = 1_000_000
MILLI: Final = 1_000
BOX: Final = Id16(b"mailbox of bench")
DEVICES: Final = 8
AT_ONCE: Final = 4
Each = TypeVar("Each")


def measure(bench: Bench) -> None:
    """Start a relay, and time what passes through it."""
    pem, roots = _certificate(bench.folder)
    world = World()
    place = bench.folder / "relay"
    make(place, Places(), world)
    _, token = Accounts(place).add(1 << 40, world.entropy)
    with _served(place, pem) as port:
        address = RelayAddress(
            host=HOST, port=port, private=True, roots=roots, names={HOST: ["127.0.0.1"]}
        )
        caller = Caller(address)
        admin = RelayAdmin(caller, BOX, SigningKey(Secret(bytes(32), "bench")), world.clock)
        admin.open(token)
        carrier = RelayCarrier(
            RelayPlace(address=address, box=BOX, token=admin.mint(Rights.WRITE)), caller=caller
        )
        _packs(bench, carrier, pem, roots)
        _entries(bench, admin, address)
        _told(bench, admin, carrier)
        carrier.close()


def _packs(bench: Bench, carrier: RelayCarrier, pem: Path, roots: str) -> None:
    numbers = count()
    kept: list[ObjectName] = []
    many = bench.count(16, 4)

    def put(at_once: int) -> float:
        packs = [next(numbers).to_bytes(8) * (PACK // 8) for _ in range(many)]
        named = [(_pack_name(data), data) for data in packs]
        kept.extend(name for name, _ in named)
        return _rate(at_once, named, lambda each: carrier.put_new(*each) is Putting.CREATED)

    def get() -> float:
        return _rate(AT_ONCE, kept[-many:], lambda name: len(carrier.get(name)) == PACK)

    def _rate(at_once: int, of: Sequence[Each], work: Callable[[Each], bool]) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            bench.check(all(pool.map(work, of)), "a pack was there, or is not whole")
        return many * PACK / MEGA / (time.perf_counter() - started)

    with _bare(pem, roots) as link:
        bare = per_call(lambda: _there_and_back(link), 1)
        found = bench.medians(
            {"put": lambda: put(AT_ONCE), "one": lambda: put(1), "get": get, "bare": bare}
        )
    bench.figures["put_mb_s"] = found["put"]
    bench.figures["put_one_mb_s"] = found["one"]
    bench.figures["get_mb_s"] = found["get"]
    bench.figures["bare_mb_s"] = PACK / MEGA / found["bare"]
    bench.ratios["put_vs_bare"] = found["put"] / bench.figures["bare_mb_s"]
    bench.ratios["get_vs_bare"] = found["get"] / bench.figures["bare_mb_s"]
    bench.peers["bare"] = f"TLS 1.3 with an answer of two bytes, {ssl.OPENSSL_VERSION}"


def _entries(bench: Bench, admin: RelayAdmin, address: RelayAddress) -> None:
    callers = [Caller(address) for _ in range(DEVICES)]
    carriers = [
        RelayCarrier(
            RelayPlace(address=address, box=BOX, token=admin.mint(Rights.WRITE)), caller=caller
        )
        for caller in callers
    ]
    numbers = [count() for _ in carriers]
    each = bench.count(100, 5)

    def write(which: int) -> None:
        for _ in range(each):
            carriers[which].put_new(_entry_name(which, next(numbers[which])), bytes(512))

    def alone() -> float:
        started = time.perf_counter()
        write(0)
        return (time.perf_counter() - started) / each

    def together() -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(DEVICES) as pool:
            list(pool.map(write, range(DEVICES)))
        return DEVICES * each / (time.perf_counter() - started)

    found = bench.medians({"alone": alone, "together": together})
    bench.figures["entry_ms"] = MILLI * found["alone"]
    bench.figures["entries_s"] = found["together"]
    for caller in callers:
        caller.close()


def _told(bench: Bench, admin: RelayAdmin, carrier: RelayCarrier) -> None:
    numbers, box = count(), f"m/{BOX.hex()}/"
    del admin

    def once() -> float:
        cursor = _now(carrier, box)
        name = _entry_name(DEVICES, next(numbers))
        with ThreadPoolExecutor(1) as pool:
            polling = pool.submit(carrier.heads, box, cursor, 10.0)
            time.sleep(0.02)  # until it waits
            started = time.perf_counter()
            carrier.put_new(name, bytes(512))
            told = polling.result()
            taken = time.perf_counter() - started
        bench.check(name in {each.name for each in told.names}, "nobody was told")
        return taken

    bench.figures["told_ms"] = MILLI * bench.median(once)


def _now(carrier: RelayCarrier, box: str) -> str:
    cursor = ""
    while (heads := carrier.heads(box, cursor)).names:
        cursor = heads.cursor
    return heads.cursor


def _pack_name(data: bytes) -> ObjectName:
    digits = fingerprint(data).hex()
    return ObjectName(f"m/{BOX.hex()}/pack/{digits[:2]}/{digits}")


def _entry_name(log: int, seq: int) -> ObjectName:
    return ObjectName(f"m/{BOX.hex()}/log/{log:032x}/{seq:016x}")


@contextmanager
def _served(place: Path, pem: Path) -> Iterator[int]:
    words = ("relay", "serve", str(place), "--port", "0", "--json")
    process = subprocess.Popen(  # noqa: S603  # reason: our own program
        (sys.executable, "-m", "sealhold", *words, "--certificate", str(pem), "--key", str(pem)),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101  # reason: it is a pipe
    try:
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def _bare(pem: Path, roots: str) -> Iterator[ssl.SSLSocket]:
    """Lend a TLS connection to a process that answers each pack with two bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_swallow, args=(listener, pem), daemon=True)
        thread.start()
        context = ssl.create_default_context(cadata=roots)
        plain = socket.create_connection(listener.getsockname())
        with context.wrap_socket(plain, server_hostname=HOST) as link:
            yield link
        thread.join(5)


def _swallow(listener: socket.socket, pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as link:
        view = memoryview(bytearray(PACK))
        while True:
            filled = 0
            while filled < PACK:
                more = link.recv_into(view[filled:])
                if not more:
                    return
                filled += more
            link.sendall(b"ok")


def _there_and_back(link: ssl.SSLSocket) -> None:
    link.sendall(bytes(PACK))
    link.recv(2)


def _certificate(folder: Path) -> tuple[Path, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)  # noqa: TID251  # reason: a certificate is checked by the machine's clock
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    roots = made.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    path = folder / "relay.pem"
    path.write_text(private + roots)
    return path, roots
