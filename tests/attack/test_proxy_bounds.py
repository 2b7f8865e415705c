"""What keys, users and the door of a proxy are held to: so many cells and rows, TLS abroad."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sealhold.crypto.entropy import system_entropy
from sealhold.model.errors import ExhaustedError, TooFastError
from sealhold.protect.state import AHEAD, MOST_CELLS, State
from tests.scenarios.test_proxy_commands import fresh
from tests.scenarios.test_proxy_state import KEY, made
from tests.transcripts.cli import Cli
from tests.unit.proxy_vault import ProxyVault, proxy_vault, use

__all__ = ["fresh"]


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


@pytest.fixture
def cli(fresh: Path, tmp_path: Path) -> Cli:  # reason: the fixture of that name
    return Cli(Path(shutil.copytree(fresh, tmp_path / "here")))


@pytest.mark.threat("T681")
def test_a_key_seals_no_more_than_it_may(tmp_path: Path) -> None:
    state = State(made(tmp_path), KEY, system_entropy)

    state.count("sealed/name/1", MOST_CELLS - AHEAD)
    state.count("sealed/name/1", AHEAD)
    state.count("sealed/name/2", 1)

    with pytest.raises(ExhaustedError):
        state.count("sealed/name/1", 1)


@pytest.mark.threat("T685")
def test_rows_of_a_table_are_bounded_by_the_minute(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "visit.note", table="visit")

    def read() -> int:
        lease = proxy.gate.admit(one)
        lease.used_cells, lease.used_statements = lease.cells, 1
        proxy.gate.settle(one, lease)
        return lease.cells

    had = 0
    with suppress(TooFastError):
        for _ in range(2_000):
            had += read()
    with pytest.raises(TooFastError):
        read()
    proxy.seconds.now += 60

    assert had <= 1_000
    assert proxy.gate.admit(one).cells > 0


@pytest.mark.threat("T689")
@pytest.mark.parametrize(
    "options",
    ["--listen nowhere", "--listen 0.0.0.0:6543", "--listen 127.0.0.1:0 --tls-cert a.pem"],
)
def test_t689_a_proxy_is_not_served_in_the_clear_off_this_machine(cli: Cli, options: str) -> None:
    assert cli.line(f"proxy serve {options}").code == 2
