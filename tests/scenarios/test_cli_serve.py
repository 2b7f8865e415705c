"""`sealhold serve` as a process: locked at first, this machine only, gone after Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.pseudo_terminal import surroundings, without_terminal
from tests.transcripts.cli import PASSPHRASE, Cli

GIVEN = {"SEALHOLD_PASSPHRASE": PASSPHRASE}
SERVE = (sys.executable, "-m", "sealhold", "serve", "--port", "0", "--json")
DEAF = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")  # as a shell starts what is put behind `&`


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert Cli(tmp_path).line("init --headless").code == 0
    return tmp_path


@contextmanager
def served(
    folder: Path,
    env: Mapping[str, str],
    stop: signal.Signals = signal.SIGINT,
    starter: tuple[str, ...] = (),
) -> Iterator[tuple[dict[str, Any], int]]:
    process = subprocess.Popen(
        [*starter, *SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**surroundings(folder), **env},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield json.loads(process.stdout.readline()), process.pid
    finally:
        process.send_signal(stop)
        code = process.wait(30)
        said = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert (code, said) == (0, "")


def get(port: int, host: str, path: str, token: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Host": f"{host}:{port}"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    content = response.read().decode()
    connection.close()
    return response.status, content


def test_a_served_vault_starts_locked_and_asks_for_the_passphrase_on_its_page(
    folder: Path,
) -> None:
    with served(folder, {}) as (told, _):
        host = told["url"].removeprefix("http://").partition(":")[0]

        status, page = get(told["port"], host, "/unlock")

    assert told["locked"] is True
    assert status == 200
    assert "Passphrase" in page


def test_with_the_passphrase_in_the_environment_it_is_open_and_still_needs_a_sign_in(
    folder: Path,
) -> None:
    with served(folder, GIVEN) as (told, _):
        status, _ = get(told["port"], "localhost", "/v1/status")

    assert told["locked"] is False
    assert status in {401, 403}


def test_the_address_stays_the_same_from_one_start_to_the_next(folder: Path) -> None:
    with served(folder, {}) as (first, _):
        pass
    with served(folder, {}) as (second, _):
        pass

    names = [told["url"].partition(".localhost")[0] for told in (first, second)]
    assert names[0] == names[1]
    assert (folder / "home" / "label").stat().st_mode & 0o077 == 0


def test_a_served_vault_keeps_other_commands_out_and_after_it_they_work(folder: Path) -> None:
    with served(folder, GIVEN):
        during = without_terminal("status", folder=folder, env=GIVEN)
        word = without_terminal(
            "app", "register", "GreenCorp", "--key", "00" * 32, folder=folder, env=GIVEN
        )
    after = without_terminal("status", folder=folder, env=GIVEN)

    assert during.returncode == 7
    assert "open in another process" in during.stderr
    assert "its page `/status` or `GET /v1/status`" in during.stderr
    assert "its page `/apps` or `POST /v1/apps`" in word.stderr
    assert after.returncode == 0


def test_a_port_that_is_taken_is_a_usage_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = without_terminal("serve", "--port", port, "--no-browser", folder=folder)

    assert told.returncode == 2
    assert f"port {port} is taken" in told.stderr


def test_what_a_shell_started_in_the_background_hears_ctrl_c_from_its_first_moment(
    folder: Path,
) -> None:
    with served(folder, GIVEN, starter=DEAF) as (told, _):
        assert told["locked"] is False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
def test_a_stop_ends_it_in_order_and_leaves_no_process(folder: Path, stop: signal.Signals) -> None:
    with served(folder, GIVEN, stop) as (_, pid):
        pass

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_whoever_was_told_the_address_may_stop_it_at_once(
    folder: Path, stop: signal.Signals
) -> None:
    for _ in range(3):
        with served(folder, GIVEN, stop):
            pass  # it ends with 0 and without a word, however far it had come
