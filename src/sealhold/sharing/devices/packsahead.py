"""Packs go to carriers while others are still being made, by threads of their own.

- What goes ahead is durable here, and named by nothing yet: whoever gives looks whether it is
  there, and puts what is not, before a version names it.
- A carrier that fails is left alone; whoever gives meets it again, and tells.
- Who gives waits for the packs that it needs, and for none that are made meanwhile.

Source: docs/spec/11-exchange-and-op-log.md section 5.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from threading import Condition, Thread

from sealhold.model.errors import TamperedError
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting

AT_ONCE = 2  # packs on their way to a carrier: one is written there while another is sent
IN_MEMORY = 2  # packs that wait for that with their bytes; further ones are read again
# puts a pack, by its hash and, if at hand, its bytes, on a carrier; returns how many bytes went
Put = Callable[[bytes, bytes | None], int]


class Ahead:
    """Packs on their way. `add` is called by any thread, the rest by one."""

    def __init__(self, puts: list[Put]) -> None:
        """Take what puts a pack, of each carrier."""
        self._puts = puts
        self._changed = Condition()
        self._waiting: deque[tuple[bytes, bytes | None]] = deque()
        self._under_way: set[bytes] = set()  # these, and those that are being put
        self._running = 0
        self._sent = 0
        self._went: set[bytes] = set()

    def add(self, pack: bytes, whole: bytes) -> None:
        """Have a pack put, which is durable here."""
        with self._changed:
            is_soon = len(self._waiting) < IN_MEMORY
            self._waiting.append((pack, whole if is_soon else None))
            self._under_way.add(pack)
            if self._running < AT_ONCE:
                self._running += 1
                Thread(target=self._run, name="packs-ahead", daemon=True).start()

    def ended(self, packs: AbstractSet[bytes]) -> tuple[int, set[bytes]]:
        """Wait until those of `packs` went that were added and could.

        Returns how many bytes went since it was asked last, and all packs that went.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way & packs)
            sent, self._sent = self._sent, 0
            return sent, set(self._went)

    def _leave(self, put: Put) -> None:
        with self._changed:
            if put in self._puts:
                self._puts.remove(put)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._running -= 1
                    return
                pack, whole = self._waiting.popleft()
            for put in list(self._puts):
                sent = 0
                try:
                    sent = put(pack, whole)
                except Exception:  # noqa: BLE001  # reason: whoever gives meets it again, and tells
                    self._leave(put)
                with self._changed:
                    self._sent += sent
                    self._went.add(pack)
            with self._changed:
                self._under_way.discard(pack)
                self._changed.notify_all()


def put_pack(carrier: Carrier, name: ObjectName, whole: bytes) -> int:
    """Put a pack; other bytes under its name, which is their hash, give way.

    Raises:
        TamperedError: they do not.
    """
    put = carrier.put_new(name, whole)
    if put is Putting.TAKEN and carrier.abilities.deletes:
        carrier.delete(name)
        put = carrier.put_new(name, whole)
    if put is Putting.TAKEN:
        raise TamperedError("other bytes stand there under the name of a pack")
    return len(whole) if put is Putting.CREATED else 0
