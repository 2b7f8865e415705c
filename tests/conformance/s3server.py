"""An S3 server of the tests' own (SeaweedFS): on loopback, free ports, a folder that goes with it.

One serves a whole run of tests; each place gets a folder of its own in its bucket. Child processes
find it by `ADDRESS` in their environment. It is ended by its process id when the run ends.
"""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from sealhold.net.buckets import S3Bucket, S3Place
from sealhold.stores.backends.bucket import BucketObjects

ADDRESS = "SEALHOLD_TEST_S3"
BUCKET, ACCESS, SECRET = "vault", "tester", "not-a-secret-of-anyone"
STARTING = 60.0  # seconds


@cache
def address() -> str:
    """Return where the server of this run listens; it is started when first asked for."""
    known = os.environ.get(ADDRESS)
    if known:
        return known
    program = Path(sys.executable).with_name("weed")
    if not program.exists():
        pytest.skip("SeaweedFS is not installed: requirements/dev.txt")
    folder = Path(tempfile.mkdtemp(prefix="sealhold-s3-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    started = os.environ[ADDRESS] = start(program, folder)
    return started


def start(program: Path, folder: Path) -> str:
    """Start a server whose files are in `folder`, to end with this process; return its address."""
    users = folder / "users.json"
    keys = [{"accessKey": ACCESS, "secretKey": SECRET}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    users.write_text(
        json.dumps({"identities": [{"name": "tester", "credentials": keys, "actions": actions}]})
    )
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": users,
        "master.volumeSizeLimitMB": 64,
        "volume.max": 20,
        "s3.port.iceberg": 0,  # of no use here, and two servers would want the same port
        "s3.port.lance": 0,
        "master.telemetry": "false",  # tests reach nothing outside this machine
        "filer.localSocket": folder / "filer.sock",
        "s3.localSocket": folder / "s3.sock",
        **ports,
    }
    server = subprocess.Popen(
        [
            program,
            "server",
            "-s3",
            "-filer",
            *(f"-{name}={value}" for name, value in options.items()),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    atexit.register(_end, server)
    at = f"http://127.0.0.1:{ports['s3.port']}"
    _wait_for(at, server)
    return at


_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


def bucket_of(folder: Path) -> S3Bucket:
    """Return the bucket, below the folder that stands for `folder`."""
    return bucket_of_name("p" + sha256(str(folder.resolve()).encode()).hexdigest()[:24])


def bucket_of_name(below: str) -> S3Bucket:
    """Return the bucket, below a folder."""
    return S3Bucket(
        S3Place(
            endpoint=address(), bucket=BUCKET, access_key=ACCESS, secret_key=SECRET, folder=below
        )
    )


def objects_of(folder: Path) -> BucketObjects:
    """Return the store that stands for `folder`."""
    return BucketObjects(bucket_of(folder), probe=f"{os.getpid()}")


def _free_ports(count: int) -> list[int]:
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]
    finally:
        for each in taken:
            each.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait_for(at: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server takes a bucket and an object."""
    until = monotonic() + STARTING
    while True:
        assert server.poll() is None, "the server ended"
        assert monotonic() < until, "the server did not start"
        try:
            if httpx.get(f"{at}/status", timeout=5).status_code < 500:
                break
        except httpx.HTTPError:
            pass
        sleep(0.2)
