"""`sealhold relay` as its operator runs it, and devices that sync through it."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import CarrierAwayError, CarrierRefusedError
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.admin import RelayAdmin, usage_of
from sealhold.net.relay.calling import Caller, RelayAddress, address_of
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Putting
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.node import Places, World
from sealhold.node.relaying import Accounts, make, opened, server_of
from tests.conformance import pgserver
from tests.forked import Program
from tests.scenarios.pseudo_terminal import surroundings, without_terminal
from tests.scenarios.servers import certificate
from tests.transcripts.cli import Cli

HOST = "relay.test"
KEY = SigningKey(Secret(b"k" * 32, "mailbox key"))
BOX = Id16(b"a mailbox's name")
ENTRY = ObjectName(f"m/{BOX.hex()}/log/{'0a' * 16}/{0:016x}")


@dataclass
class Served:
    """A relay in a process of its own."""

    told: dict[str, Any]
    said: str = ""  # on standard error, once it ended


@contextmanager
def served(folder: Path, *more: str, stop: signal.Signals = signal.SIGINT) -> Iterator[Served]:
    words = ("relay", "serve", "relay", "--port", "0", "--json", *more)
    process = Program(words, folder, surroundings(folder))
    found = Served(json.loads(process.stdout.readline()))
    try:
        yield found
    finally:
        process.send_signal(stop)
        code = process.wait(30)
        found.said = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert code == 0


def made(folder: Path) -> str:
    """Make a relay and return the token of an account."""
    cli = Cli(folder)
    assert cli.line("relay init relay").code == 0
    token: str = json.loads(cli.line("relay account add relay 10MB --json").out)["token"]
    return token


def carried(address: RelayAddress, token: str) -> tuple[Putting, bytes, list[ObjectName]]:
    """Open a mailbox, put one entry in it, and return what came of it."""
    caller = Caller(address)
    try:
        admin = RelayAdmin(caller, BOX, KEY, World().clock)
        admin.open(token)
        place = RelayPlace(address=address, box=BOX, token=admin.mint(Rights.WRITE))
        carrier = RelayCarrier(place, caller=caller)
        put = carrier.put_new(ENTRY, b"sealed")
        names = [each.name for each in carrier.list_after(f"m/{BOX.hex()}/")]
        return put, carrier.get(ENTRY), names
    finally:
        caller.close()


@pytest.mark.threat("T452")
def test_a_relay_behind_tls_carries_keeps_and_tells_nothing_of_it(tmp_path: Path) -> None:
    token = made(tmp_path)
    pem, roots = certificate(tmp_path, HOST)
    given = ("--certificate", str(pem), "--key", str(pem), "--log")

    with served(tmp_path, *given) as relay:
        port = relay.told["port"]
        address = RelayAddress(
            host=HOST, port=port, private=True, roots=roots, names={HOST: ["127.0.0.1"]}
        )
        first = carried(address, token)
        while_it_runs = json.loads(Cli(tmp_path).line("relay account add relay 1GB --json").out)
        caller = Caller(address)
        assert usage_of(caller, while_it_runs["token"]).quota == 10**9
        assert (
            Cli(tmp_path).line(f"relay account remove relay {while_it_runs['account']}").code == 0
        )
        with pytest.raises(CarrierRefusedError):
            usage_of(caller, while_it_runs["token"])
        caller.close()
        rival = without_terminal("relay", "serve", "relay", "--port", "0", folder=tmp_path)
        assert rival.returncode == 7
    with served(tmp_path, *given, stop=signal.SIGTERM) as again:
        address = RelayAddress(
            host=HOST,
            port=again.told["port"],
            private=True,
            roots=roots,
            names={HOST: ["127.0.0.1"]},
        )
        second = carried(address, token)

    assert first == (Putting.CREATED, b"sealed", [ENTRY])
    assert second == (Putting.EXISTS, b"sealed", [ENTRY])
    lines = [json.loads(line) for line in relay.said.splitlines()]
    assert [line.keys() for line in lines] == [
        {"happened", "port", "version"},
        {"happened", "answered", "faults"},
    ]
    assert lines[1]["faults"] == 0


@pytest.mark.threat("T451")
def test_off_this_machine_a_relay_starts_under_a_certificate_alone(tmp_path: Path) -> None:
    made(tmp_path)

    refused = Cli(tmp_path).line("relay serve relay --host 0.0.0.0 --port 0")
    half = Cli(tmp_path).line("relay serve relay --certificate relay.pem --port 0")

    assert refused.code == half.code == 2
    assert "--certificate" in refused.err


@pytest.mark.threat("T451")
def test_a_device_speaks_to_no_relay_in_the_clear_and_to_none_of_another_name(
    tmp_path: Path,
) -> None:
    token = made(tmp_path)
    pem, roots = certificate(tmp_path, HOST)
    names = {name: ["127.0.0.1"] for name in (HOST, "other.test")}
    with served(tmp_path, "--certificate", str(pem), "--key", str(pem)) as relay:
        port = relay.told["port"]
        others = (
            RelayAddress(host="other.test", port=port, private=True, roots=roots, names=names),
            RelayAddress(host=HOST, port=port, private=True, names=names),  # a root nobody gave
            RelayAddress(host=HOST, port=port, roots=roots, names=names),  # in a home, unsaid
        )
        for address in others:
            with pytest.raises(CarrierAwayError):
                carried(address, token)
    clear = RelayAddress(host=HOST, port=1, is_plain=True, private=True, names={HOST: ["1.1.1.1"]})
    with pytest.raises(CarrierAwayError, match=r"\(plain\)"):  # before anything is connected
        carried(clear, token)


def test_a_relay_keeps_its_rows_on_a_server(tmp_path: Path) -> None:
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"
    folder, world = tmp_path / "relay", World()
    make(folder, Places(records=rows), world)
    _, token = Accounts(folder).add(10_000, world.entropy)
    for wanted in (Putting.CREATED, Putting.EXISTS):
        with opened(folder, world, ranges=False) as parts:
            server = server_of(parts, "127.0.0.1", 0, None)
            thread = Thread(target=server.run)
            thread.start()
            try:
                found = carried(address_of(f"http://127.0.0.1:{server.address[1]}"), token)
            finally:
                server.stop()
                thread.join()
        assert found == (wanted, b"sealed", [ENTRY])
        assert server.faults == 0


def test_a_folder_with_something_in_it_becomes_no_relay(tmp_path: Path) -> None:
    made(tmp_path)
    cli = Cli(tmp_path)

    assert cli.line("relay init relay").code == 9
    assert cli.line("relay account list nowhere").code != 0
    assert cli.line("relay account add nowhere 1GB").code == 4
    assert cli.line("relay account add relay much").code == 2
    assert cli.line(f"relay account remove relay {'00' * 16}").code == 4
    assert cli.line("relay account remove relay x").code == 2
