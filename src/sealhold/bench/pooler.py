"""A pooler of a bench's own, the peer of a proxy: Debian's pgbouncer, one session to a client.

- It knows one database and one user, and reads no statement. Its files are in the bench's folder.

Source: docs/benchmarks.md; pgbouncer.ini(5).
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sealhold.model.errors import SealholdError

PROGRAM: Final = "pgbouncer"
PLACES: Final = "/usr/sbin:/usr/local/sbin"  # not on everybody's path
NOBODY: Final = "nobody"
STARTING: Final = 10.0  # seconds


@contextmanager
def pooler(folder: Path, server: str) -> Iterator[str | None]:
    """Run a pooler before the server at the address `server`; yield its address.

    Yields None if there is no such program.

    Raises:
        SealholdError: it does not start.
    """
    program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=PLACES)
    if program is None:
        yield None
        return
    folder.mkdir()
    there = urlsplit(server)
    port = _free_port()
    settings = folder / "pgbouncer.ini"
    (folder / "users").write_text(f'"{there.username}" ""\n')
    settings.write_text(
        f"[databases]\n* = host={there.hostname} port={there.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder / 'users'}\npool_mode = session\n"
        "max_client_conn = 500\ndefault_pool_size = 100\nlog_connections = 0\n"
        "log_disconnections = 0\nlog_stats = 0\nignore_startup_parameters = extra_float_digits\n"
    )
    user = NOBODY if os.geteuid() == 0 else None  # it refuses root
    if user is not None:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    running = subprocess.Popen(  # noqa: S603  # reason: a program of the system
        [program, "-q", settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    try:
        wait_for_port(port, running)
        yield f"postgresql://{there.username}@127.0.0.1:{port}{there.path}"
    finally:
        running.terminate()
        running.wait()


def wait_for_port(port: int, running: "subprocess.Popen[bytes]", seconds: float = STARTING) -> None:
    """Wait until somebody listens at `port`.

    Raises:
        SealholdError: nobody does, or the program ended.
    """
    until = time.monotonic() + seconds
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if running.poll() is not None or time.monotonic() > until:
            raise SealholdError("a program of the bench did not start")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
