"""Answers that are made while they are sent, in a thread of their own.

- What makes an answer may hold a snapshot of a database, which belongs to one thread: it is begun,
  read and closed there. A few pieces wait for the client, never more.
- If the client goes away, or what makes the answer fails, the connection ends without the end of
  the body, so nobody takes a part for the whole.

Source: docs/spec/27-rights.md section 8.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

WAITING = 4  # pieces
PATIENCE = 0.2  # seconds between two looks whether the client is still there
SLOW = 300.0  # seconds in which a client takes nothing, and is given up


class GivenUpError(Exception):
    """A client took nothing for so long that the rest of the answer was not made."""


class _Cut:
    """What makes the answer failed."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def streamed(
    chunks: Iterator[bytes], status: int, media: str, headers: Mapping[str, str]
) -> StreamingResponse:
    """Return an answer of `chunks`, which are made and closed in one thread."""
    # as a header of our own: nothing is known here of the letters that a text is written in
    told = {"content-disposition": "attachment", "content-type": media, **headers}
    return StreamingResponse(_pumped(chunks), status, told)


async def _pumped(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    waiting: Queue[bytes | _Cut | None] = Queue(WAITING)
    gone = Event()
    Thread(target=_make, args=(chunks, waiting, gone), name="stream", daemon=True).start()
    try:
        while True:
            piece = await run_in_threadpool(waiting.get)
            if piece is None:
                return
            if isinstance(piece, _Cut):
                raise piece.error
            yield piece
    finally:
        gone.set()
        with suppress(Empty):  # room for whoever waits to see that nobody is there
            waiting.get_nowait()


def _make(chunks: Iterator[bytes], waiting: "Queue[bytes | _Cut | None]", gone: Event) -> None:
    last: _Cut | None = None
    try:
        for piece in chunks:
            if piece and not _given(piece, waiting, gone):
                raise GivenUpError  # noqa: TRY301  # reason: told like all else that went wrong
    except BaseException as err:  # noqa: BLE001  # reason: told where somebody waits for it
        last = _Cut(err)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            with suppress(Exception):
                close()
    if not _given(last, waiting, gone):
        _cut(last or _Cut(GivenUpError()), waiting)


def _cut(last: _Cut, waiting: "Queue[bytes | _Cut | None]") -> None:
    """Say that no more comes, in place of what waits: whoever asks again is not kept for ever."""
    with suppress(Empty):
        while True:
            waiting.get_nowait()
    waiting.put_nowait(last)


def _given(
    piece: "bytes | _Cut | None", waiting: "Queue[bytes | _Cut | None]", gone: Event
) -> bool:
    """Return whether somebody still waits for pieces, once there is room for this one."""
    waited = 0.0
    while not gone.is_set() and waited < SLOW:
        try:
            waiting.put(piece, timeout=PATIENCE)
        except Full:
            waited += PATIENCE
        else:
            return True
    return False
