"""A PostgreSQL server of a bench's own: on loopback, a free port, in the bench's folder.

Source: docs/benchmarks.md.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sealhold.model.errors import SealholdError

NOBODY: Final = "nobody"
STARTING: Final = 30.0  # seconds
BINARIES: Final = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")


@contextmanager
def pg_server(folder: Path) -> Iterator[str | None]:
    """Run a server whose files are in `folder`; yield its address, None if none is installed.

    Raises:
        SealholdError: it does not start.
    """
    room = _binaries()
    if room is None:
        yield None
        return
    folder.mkdir()
    user = NOBODY if os.geteuid() == 0 else None  # the server refuses root
    if user is not None:
        folder.parent.chmod(0o711)
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    data = folder / "data"
    subprocess.run(  # noqa: S603  # reason: a program of the server
        [room / "initdb", "-D", data, "-U", "sealhold", "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    port = _free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "shared_buffers": "128MB",
    }
    server = subprocess.Popen(  # noqa: S603  # reason: as above
        [room / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    try:
        _wait_for(room, port, server)
        yield f"postgresql://sealhold@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        try:
            server.wait(STARTING)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _binaries() -> Path | None:
    """Return the folder with the server's programs, None if it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    rooms = [room for pattern in BINARIES for room in Path("/").glob(pattern)]
    return max(rooms, default=None)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(room: Path, port: int, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTING
    ready = [str(room / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, check=False).returncode:  # noqa: S603  # reason: as above
        if server.poll() is not None or time.monotonic() > until:
            raise SealholdError("the database server did not start")
        time.sleep(0.05)
