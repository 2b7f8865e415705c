"""A mail server of the tests' own (Dovecot): on loopback, free ports, a folder that goes with it.

It runs as one user that may be anybody, and is ended by its process id.
"""

import grp
import hmac
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from imaplib import IMAP4, IMAP4_SSL
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.scenarios.otherservers import STARTING, end, until_it_answers
from tests.scenarios.servers import certificate

NOBODY = "nobody"
TOKEN_KEY = b"a key of the tests' own, of no use elsewhere"
USER, PASSWORD = "alice", "not-a-secret-of-anyone"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_uid = {user}
mail_gid = {group}
mail_location = maildir:{folder}/mail
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
ssl_dh =
auth_failure_delay = 0
auth_mechanisms = plain {tokens}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2
}}
passdb {{
  mechanisms = plain
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

OAUTH = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


@dataclass
class MailServer:
    """A server whose mails are files in `folder`."""

    folder: Path
    roots: Path
    port: int
    tls_port: int
    uid: int
    gid: int
    process: subprocess.Popen[bytes] | None = None
    count: int = field(default=0)

    @property
    def place(self) -> str:
        """The address of alice's mail."""
        return f"imaps://{USER}@localhost:{self.tls_port}"

    def put(self, subject: str, *, folder: str = "", body: str = "hello") -> None:
        """Put a mail into a folder, as its delivery would."""
        self.count += 1
        box = self.folder / "mail" / (f".{folder}" if folder else "")
        for each in ("cur", "new", "tmp"):
            self._own(box / each)
        (box / "new" / f"{1_790_000_000 + self.count}.{self.count}.here").write_text(
            f"From: bob@example.org\r\nTo: alice@example.org\r\nSubject: {subject}\r\n"
            f"Message-ID: <{self.count}@example.org>\r\n"
            f"Date: Fri, 20 Nov 2026 10:{self.count % 60:02d}:00 +0100\r\n\r\n{body}\r\n"
        )

    def password(self, password: str) -> None:
        """Let alice have another password; the server looks at its file once a second."""
        (self.folder / "users").write_text(f"{USER}:{password}\n")
        context = ssl.create_default_context(cafile=self.roots)
        until = monotonic() + STARTING
        while self.process is not None:
            assert monotonic() < until, "the server keeps the old password"
            with IMAP4_SSL("localhost", self.tls_port, ssl_context=context) as session:
                try:
                    session.login(USER, password)
                except IMAP4.error:
                    sleep(0.05)
                else:
                    return

    def token(self, *, until: int = 4_000_000_000) -> str:
        """Return an access token of alice's: a JWT (RFC 7519) under a key that the server has."""
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": USER, "iat": 1_700_000_000, "exp": until}]
        said = b".".join(_base64(json.dumps(each).encode()) for each in parts)
        sign = hmac.digest(TOKEN_KEY, said, "sha256")
        return (said + b"." + _base64(sign)).decode()

    def start(self) -> None:
        """Start, on the same ports and files as before."""
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.uid,
            group=self.gid,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd=self.folder,
        )
        until_it_answers(self.process, self.tls_port, (self.folder / "log").read_text)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            end(self.process)
            self.process = None

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self.folder:
            os.chown(folder, self.uid, self.gid)
            folder = folder.parent


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@contextmanager
def mail_server(tokens: str = "oauthbearer xoauth2") -> Iterator[MailServer]:
    """Give a server that runs, with an empty box of alice's; it takes tokens in these ways."""
    if shutil.which("dovecot") is None:
        pytest.skip("dovecot is not installed: tools/system-packages.txt")
    folder = Path(tempfile.mkdtemp(prefix="sealhold-mail-"))
    user = NOBODY if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    found = pwd.getpwnam(user)
    held, pem = certificate(folder, "localhost")
    held.rename(folder / "server.pem")
    (folder / "roots.pem").write_text(pem)
    port, tls_port = _free_ports(2)
    server = MailServer(folder, folder / "roots.pem", port, tls_port, found.pw_uid, found.pw_gid)
    names = {"user": user, "group": _group(found.pw_gid)}
    config = CONFIG.format(folder=folder, port=port, tls_port=tls_port, tokens=tokens, **names)
    (folder / "dovecot.conf").write_text(config)
    (folder / "oauth2").write_text(OAUTH.format(folder=folder))
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(b64encode(TOKEN_KEY))
    server.password(PASSWORD)
    for each in (folder, *folder.rglob("*")):
        os.chown(each, found.pw_uid, found.pw_gid)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _group(gid: int) -> str:
    return grp.getgrgid(gid).gr_name


def _free_ports(count: int) -> list[int]:
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]
    finally:
        for each in taken:
            each.close()
