"""Which entries of which logs a device has taken in, and what others say they have.

- Each log goes on by one; what follows is bound to what was taken before.
- `heads` in entries of others are compared with what is here: more means that a carrier
  held something back, another hash under a number that the log was forked.
- A log that was forked stands still before the first number of which two entries are known; one
  set of entries gives one place, in whichever order they came.
- What tells of an own entry that was never written here says that this state is an older copy.

Source: docs/spec/11-exchange-and-op-log.md sections 6 and 7.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealhold.sharing.devices.oplog import FIRST, NO_HEAD, Head, LogId

MAX_MOVED = 48  # heads that an entry tells of, in the room that is left for them
MAX_UNTOLD = 2_048  # numbers before a fork that are told one by one


@dataclass(frozen=True, slots=True)
class Fork:
    """A number of a log under which two devices have two entries."""

    log: LogId
    seq: int
    here: bytes  # 32, the hash of the one that came here
    told: bytes  # of the other
    by: LogId  # who told


@dataclass(frozen=True, slots=True)
class Behind:
    """A log of which others have more."""

    log: LogId
    missing: int
    by: LogId  # who told of the newest


class Logbook:
    """The logs of one collection as they are known here. For one thread."""

    def __init__(self) -> None:
        self._hashes: dict[LogId, list[bytes]] = {}
        self._told: dict[LogId, dict[int, dict[bytes, LogId]]] = {}  # log, seq, hash: who told
        self._doubted: set[LogId] = set()  # of which two hashes under one number were met

    def logs(self) -> list[LogId]:
        """Return the logs that something is here of, in order."""
        return sorted(log for log, hashes in self._hashes.items() if hashes)

    def heard_of(self) -> list[LogId]:
        """Return the logs that something is here of, or that somebody told of, in order."""
        return sorted({*self.logs(), *self._told})

    def head(self, log: LogId) -> Head:
        """Return the newest entry of a log that was taken in."""
        hashes = self._hashes.get(log)
        return Head(len(hashes), hashes[-1]) if hashes else NO_HEAD

    def hash_of(self, log: LogId, seq: int) -> bytes | None:
        """Return the hash of an entry that was taken in; 32 zeros before the first."""
        if seq == 0:
            return FIRST
        hashes = self._hashes.get(log, [])
        return hashes[seq - 1] if seq <= len(hashes) else None

    def took(self, log: LogId, seq: int, named: bytes, heads: Iterable[tuple[LogId, Head]]) -> None:
        """Take in that an entry with this hash follows, and what it tells of other logs.

        Raises:
            ValueError: it does not follow.
        """
        hashes = self._hashes.setdefault(log, [])
        if seq != len(hashes) + 1:
            raise ValueError(f"entry {seq} does not follow {len(hashes)}")
        hashes.append(named)
        if not self._told.get(log, {}).get(seq, {}).keys() <= {named}:
            self._doubted.add(log)
        for other, head in heads:
            if other != log:
                told = self._told.setdefault(other, {}).setdefault(head.seq, {})
                told.setdefault(head.hash, log)
                here = self.hash_of(other, head.seq) or head.hash
                if not told.keys() <= {here}:
                    self._doubted.add(other)

    def forks(self) -> list[Fork]:
        """Return where each log was forked first, as far as it is known."""
        found = (self._fork(log) for log in sorted(self._doubted))
        return [fork for fork in found if fork is not None]

    def untold(self, fork: Fork) -> list[Head]:
        """Return what is here of a log up to a fork and was told by nobody: with it all find it.

        Where heads are told now and then only, two branches can differ long before the first
        number of which two hashes are known.
        """
        told = self._told.get(fork.log, {})
        found: list[Head] = []
        for seq in range(max(fork.seq - MAX_UNTOLD, 0) + 1, fork.seq + 1):
            here = self.hash_of(fork.log, seq)
            if here is not None and here not in told.get(seq, {}):
                found.append(Head(seq, here))
        return found

    def agreed(self, log: LogId) -> int:
        """Return the highest number of a log under which others have what is here."""
        told = self._told.get(log, {})
        return max((seq for seq in told if self.hash_of(log, seq) in told[seq]), default=0)

    def behind(self) -> list[Behind]:
        """Return the logs of which somebody has told more than is here."""
        found: list[Behind] = []
        for log, told in sorted(self._told.items()):
            newest = max(told)
            # THREAT T494: what others have seen and is not here is told as missing
            if (missing := newest - self.head(log).seq) > 0:
                found.append(Behind(log, missing, min(told[newest].values())))
        return found

    def is_older_copy(self, own: LogId) -> bool:
        """Return whether others have entries of this device that it does not know of."""
        # THREAT T492: who goes on from a copy would write a second entry under a number
        if any(behind.log == own for behind in self.behind()):
            return True
        return any(fork.log == own for fork in self.forks())

    def entries(self) -> int:
        """Return how many entries are here, of all logs."""
        return sum(map(len, self._hashes.values()))

    def moved(self, since: Mapping[LogId, int], own: LogId) -> list[tuple[LogId, Head]]:
        """Return heads of other logs that moved since those numbers, for one entry.

        Of each device one log comes first, the one that moved most; what is left out comes later.
        """
        moved = {log: self.head(log).seq - since.get(log, 0) for log in self.logs() if log != own}
        of_device: dict[bytes, int] = {}
        turns: list[tuple[int, LogId]] = []
        for log in sorted(moved, key=lambda each: (-moved[each], each)):
            if moved[log] > 0:
                turns.append((of_device.get(log.device, 0), log))
                of_device[log.device] = turns[-1][0] + 1
        # THREAT T602: a device with thousands of logs has nobody write what no reader takes
        chosen = sorted(log for _, log in sorted(turns)[:MAX_MOVED])
        return [(log, self.head(log)) for log in chosen]

    def _fork(self, log: LogId) -> Fork | None:
        for seq, told in sorted(self._told[log].items()):
            here = self.hash_of(log, seq)
            if here is None:
                here = min(told)
            for other in sorted(told):
                # THREAT T493: two entries under one number: the log stands still before it
                # THREAT T498: the lowest such number, the same for all who know the same heads
                if other != here:
                    return Fork(log, seq, here, other, told[other])
        return None
