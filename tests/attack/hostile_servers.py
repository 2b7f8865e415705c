"""Servers that say what a test tells them to, and pulls from them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sealhold.compute.pullers.http import HttpPuller
from sealhold.compute.pullers.imap import ImapPuller
from sealhold.connectors.pulling import Where

SECRET = "a-secret-of-nobody"
Talk = Callable[[socket.socket], None]


@contextmanager
def speaking(talk: Talk) -> Iterator[int]:
    """Serve connections that go as `talk` says; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with link, suppress(OSError):
                        talk(link)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def imap(answers: dict[str, bytes], *, greeting: bytes = b"* OK hello\r\n") -> Talk:
    """Return a server that answers each command by its name."""

    def talk(link: socket.socket) -> None:
        link.sendall(greeting)
        file = link.makefile("rb")
        while line := file.readline():
            tag, name, *_ = line.decode("latin-1").split()
            if name == "CAPABILITY":
                link.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
            link.sendall(answers.get(name, b"") + f"{tag} OK done\r\n".encode())

    return talk


def pull_mail(port: int, secret: str = SECRET, user: str = "alice", **more: str) -> list[str]:
    settings = {"place": f"imap://{user}@127.0.0.1:{port}", **more}
    where = Where(settings=settings, secret=secret)
    return [piece.name for piece in ImapPuller().pull(where, None)]


def pull_web(place: str, **more: str) -> int:
    where = Where(settings={"place": place, **more}, secret=SECRET)
    return sum(1 for _ in HttpPuller().pull(where, None))
