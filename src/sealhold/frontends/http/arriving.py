"""Waiting, in the server's loop, for what the vault makes durable: many at once, with one waking.

- A commit answers for all that shared it. Their waits end together: the loop is woken once for
  them, not once for each.

Source: docs/spec/20-faces.md section 7.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import TypeVar

from sealhold.model.underway import Underway

Done = TypeVar("Done")


class Arrivals:
    """Wakes what waits in one loop, told from any thread."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._ended: deque[asyncio.Future[None]] = deque()
        self._is_waking = False

    async def arrive(self, underway: Underway[Done]) -> Done:
        """Take `underway` to its end, and return what came of it.

        Raises:
            SealholdError: it failed.
        """
        while (waits := underway.go()) is not None:
            over = asyncio.get_running_loop().create_future()
            waits.add_done_callback(partial(self._tell, over))
            await over
        return underway.value

    def _tell(self, over: asyncio.Future[None], _waits: Future[list[int]]) -> None:
        with self._turn:
            self._ended.append(over)
            if self._is_waking:
                return
            self._is_waking = True
        over.get_loop().call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._turn:
            ended, self._ended = self._ended, deque()
            self._is_waking = False
        for over in ended:
            if not over.done():  # whoever waited may be gone
                over.set_result(None)
