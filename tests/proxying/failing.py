"""A server that fails as servers do: killed, stopped, started again; and one that follows it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from tests.proxying.cluster import (
    OWNER,
    PASSWORD,
    Cluster,
    free_port,
    give,
    server_user,
    wait_for,
)


def processes(rented: Cluster) -> list[int]:
    """Return the server's processes, the one that started the others first."""
    first = rented.process.pid
    told = Path(f"/proc/{first}/task/{first}/children").read_text()
    return [first, *map(int, told.split())]


def send(rented: Cluster, how: signal.Signals) -> None:
    """Send a signal to each process of a server."""
    for each in processes(rented):
        try:
            os.kill(each, how)
        except ProcessLookupError:
            continue


def kill(rented: Cluster) -> list[str]:
    """End a server as a power cut does; return how it was started."""
    told = Path(f"/proc/{rented.process.pid}/cmdline").read_bytes()
    send(rented, signal.SIGKILL)
    rented.process.wait()
    return [each.decode() for each in told.split(b"\0") if each]


def start_again(rented: Cluster, command: list[str]) -> None:
    """Start a server that was killed."""
    (rented.data / "postmaster.pid").unlink(missing_ok=True)
    with rented.log.open("ab") as log:
        rented.process = subprocess.Popen(
            command, stdout=log, stderr=log, user=server_user(), cwd=rented.folder
        )
    wait_for(rented)


@contextmanager
def replica(rented: Cluster) -> Iterator[Cluster]:
    """Run a server that follows another one, and lets nobody write."""
    folder = Path(tempfile.mkdtemp(prefix="sealhold-replica-"))
    give(folder)
    port = free_port()
    subprocess.run(
        [rented.room / "pg_basebackup", "-h", "127.0.0.1", "-p", str(rented.port), "-U", OWNER,
         "-D", folder / "data", "-R", "-X", "stream", "-c", "fast", "--no-sync"],
        check=True, env={"PGPASSWORD": PASSWORD, "LC_ALL": "C"}, user=server_user(), cwd=folder,
    )  # fmt: skip
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [rented.room / "postgres", "-D", folder / "data", f"--port={port}", "--fsync=off",
         "--max_connections=300", "--listen_addresses=127.0.0.1", "--shared_buffers=32MB",
         f"--unix_socket_directories={folder}"],
        stdout=log, stderr=log, user=server_user(), cwd=folder,
    )  # fmt: skip
    made = Cluster(rented.room, folder, port, process)
    try:
        wait_for(made)
        yield made
    finally:
        send(made, signal.SIGKILL)
        process.wait()
        log.close()
        rmtree(folder, ignore_errors=True)
