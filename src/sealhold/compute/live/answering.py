"""The process that speaks to a server: one order, one server, one end.

- It limits itself before it reads its order: memory, processor time, files, no core.
- Whatever goes wrong is one word to the vault; the text of an error stays here.

Source: docs/spec/37-live.md section 3.
"""
# ruff: noqa: PLC0415  reason: only the kind that is asked for is loaded

import os
import resource
import signal
import socket
from collections.abc import Callable
from http.client import HTTPException

import msgspec

from sealhold.compute.live.calling import TOTAL
from sealhold.compute.live.saying import (
    HEAD,
    MAX_ORDER,
    Done,
    Failed,
    FailedError,
    Order,
    Up,
)
from sealhold.net.dial import DialError

MEMORY = 1_024 * 1_048_576  # bytes of address space
GRACE = 30.0  # seconds after which it ends itself, should the vault be gone

Speak = Callable[[Order, Up], None]


def main() -> None:
    """Read one order from standard input, do it, answer on the same socket, and end."""
    _limit()
    with socket.socket(fileno=os.dup(0)) as link:
        length = int.from_bytes(_exactly(link, HEAD), "big")
        order = msgspec.msgpack.decode(_exactly(link, min(length, MAX_ORDER)), type=Order)
        up = Up(link)
        try:
            _speaker(order.kind)(order, up)
        except (FailedError, DialError) as err:
            names, wait = (err.names, err.wait) if isinstance(err, FailedError) else ([], 0)
            up.send(Failed(err.args[0], names, wait))
        except TimeoutError:
            up.send(Failed("slow"))
        except MemoryError:
            up.send(Failed("size"))
        except (OSError, HTTPException):
            up.send(Failed("cut"))
        except Exception:  # noqa: BLE001  reason: the top of this process
            up.send(Failed("form"))
        else:
            up.send(Done())


def _speaker(kind: str) -> Speak:
    if kind == "imap":
        from sealhold.compute.live.imap import speak

        return speak
    if kind == "http":
        from sealhold.compute.live.web import speak as speak_http

        return speak_http
    from sealhold.compute.live.dav import speak as speak_dav

    return speak_dav


def _limit() -> None:
    signal.setitimer(signal.ITIMER_REAL, TOTAL + GRACE)
    for name, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(TOTAL)),
    ):
        _, ceiling = resource.getrlimit(name)
        bound = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(name, (bound, bound))


def _exactly(link: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = link.recv(count - len(data))
        if not more:
            raise SystemExit
        data += more
    return bytes(data)


if __name__ == "__main__":
    main()
