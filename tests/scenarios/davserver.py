"""A calendar server of the tests' own (Radicale): on loopback, a free port, a folder that goes.

It is a Debian package and runs in a process of its own; nothing of it is imported.
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.scenarios.otherservers import end, until_it_answers

NOBODY = "nobody"
USER, PASSWORD = "alice", "not-a-secret-of-anyone"

CONFIG = """
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/files
[logging]
level = error
"""


@dataclass
class DavServer:
    """A server whose calendars are files in `folder`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        """The address of alice's account."""
        return f"http://{USER}@127.0.0.1:{self.port}/"

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> int:
        """Do something as alice would with another program."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=10)
        known = (self.folder / "users").read_text().strip()
        account = {"Authorization": "Basic " + b64encode(known.encode()).decode()}
        line.request(method, path, body.encode(), account | headers)
        status = line.getresponse().status
        line.close()
        return status

    def make(self, path: str, tag: str) -> None:
        """Make a calendar or an address book."""
        kept = self.folder / "files" / "collection-root" / path.strip("/")
        kept.mkdir(parents=True)
        (kept / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": "Mine"}))
        _owned(self.folder)

    def event(self, path: str, uid: str, summary: str) -> None:
        """Put an event into a calendar."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT"]
        lines += [f"UID:{uid}", "DTSTAMP:20261101T000000Z", "DTSTART:20261122T100000Z"]
        lines += [f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR", ""]
        assert self.ask("PUT", path, "\r\n".join(lines), **{"Content-Type": "text/calendar"}) < 300

    def card(self, path: str, uid: str, name: str) -> None:
        """Put a contact into an address book."""
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{name};;;;"]
        body = "\r\n".join([*lines, "END:VCARD", ""])
        assert self.ask("PUT", path, body, **{"Content-Type": "text/vcard"}) < 300

    def password(self, password: str) -> None:
        """Let alice have another password."""
        (self.folder / "users").write_text(f"{USER}:{password}\n")

    def start(self) -> None:
        """Start, on the same port and files as before."""
        owner = pwd.getpwnam(NOBODY) if os.geteuid() == 0 else None
        self.process = subprocess.Popen(
            [str(shutil.which("radicale")), "-C", str(self.folder / "config")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
            cwd=self.folder,
            env={},
        )
        until_it_answers(self.process, self.port, lambda: "the server ended")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            end(self.process)
            self.process = None


@contextmanager
def dav_server() -> Iterator[DavServer]:
    """Give a server that runs, with one calendar and one address book of alice's."""
    if shutil.which("radicale") is None:
        pytest.skip("radicale is not installed: tools/system-packages.txt")
    folder = Path(tempfile.mkdtemp(prefix="sealhold-dav-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = DavServer(folder, port)
    (folder / "config").write_text(CONFIG.format(folder=folder, port=port))
    server.password(PASSWORD)
    server.make("alice/plans", "VCALENDAR")
    server.make("alice/people", "VADDRESSBOOK")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _owned(folder: Path) -> None:
    if os.geteuid() == 0:
        for each in (folder, *folder.rglob("*")):
            shutil.chown(each, NOBODY)
