"""What a served vault does by itself: new days of open sets, answers, files and keys that are due.

- Looks once a minute, while the vault is open; a locked vault is left alone.
- An answer that could not be made is tried again after an hour, not each minute: each try is in
  the log. An epoch that could not be closed likewise.

Source: docs/spec/08-task-manifest.md section 7; docs/spec/03-keys.md section 13.
"""

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from sealhold.model.clock import Clock
from sealhold.model.errors import SealholdError
from sealhold.model.ids import GrantId, canonical
from sealhold.model.quantities import HOUR, Instant

if TYPE_CHECKING:
    from sealhold.node import Node

EVERY = 60.0  # seconds between two rounds


class Rounds:
    """Goes round as long as it is not stopped."""

    def __init__(self, node: "Node", clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self._stopped = Event()
        self._failed: dict[GrantId, Instant] = {}
        self._not_closed = Instant(-HOUR)  # when closing the epoch last failed

    def run(self) -> None:
        """Go round until `stop`."""
        while not self._stopped.is_set():
            self.once()
            self._stopped.wait(EVERY)

    def stop(self) -> None:
        """End after the round that is under way."""
        self._stopped.set()

    def once(self) -> int:
        """Go round one time, and return how many answers left."""
        left = 0
        self._close_epoch()
        self._turn_keys()
        self._end_terms()
        self._sweep_strays()
        self._end_holds()
        self._read_sources()
        self._keep_snapshot()
        self._turn()
        try:
            wanted = self._wanted()
        except SealholdError:  # locked between two looks, or the store is away for now
            return 0
        for grant in wanted:
            if self._stopped.is_set():
                break
            try:
                self._node.runs.run(canonical(grant), by_owner=False)
                left += 1
            except SealholdError:
                self._failed[grant] = self._clock()
        with suppress(SealholdError):  # locked meanwhile; what did not come is noted below
            if not self._stopped.is_set():
                self._node.resources.refresh()
        return left

    def _close_epoch(self) -> None:
        """Close the epoch of the keys in time, if something was erased in it."""
        if self._node.locked or self._clock() - self._not_closed < HOUR:
            return
        try:
            self._node.keys.close_due()
        except SealholdError:
            self._not_closed = self._clock()

    def _end_terms(self) -> None:
        """Take out what was kept of people as long as it may be."""
        with suppress(SealholdError):  # locked between two looks, or the store is away for now
            if not self._node.locked and self._node.parts.has_terms:
                self._node.parts.crowd.terms.end()

    def _sweep_strays(self) -> None:
        """Look for keys that a process made and never named."""
        with suppress(SealholdError):  # locked between two looks, or a store is away for now
            if not self._node.locked:
                self._node.parts.strays.sweep()

    def _end_holds(self) -> None:
        """Let go of what is held no longer of people who were erased."""
        with suppress(SealholdError):  # locked between two looks
            if not self._node.locked:
                self._node.parts.end_holds()

    def _keep_snapshot(self) -> None:
        """Keep what the vault is set to, if that is another than a minute ago."""
        with suppress(SealholdError):  # locked between two looks, or the store is away for now
            if not self._node.locked:
                self._node.parts.snapshots.keep()

    def _read_sources(self) -> None:
        """Read the sources whose time has come; what fails is tried again when it says itself."""
        with suppress(SealholdError):  # locked between two looks, or the store is away for now
            due = [] if self._node.locked else self._node.standing.due()
            for source in due:
                if self._stopped.is_set():
                    break
                with suppress(SealholdError):  # its state says what happened, and when it goes on
                    self._node.standing.pull(source)

    def _turn_keys(self) -> None:
        """Go on with jobs that a process left, and destroy keys whose end has come."""
        with suppress(SealholdError):  # locked between two looks, or the store is away for now
            if not self._node.locked:
                self._node.parts.turn_due()

    def _turn(self) -> None:
        """Look at the open sets that were not looked at today, before anybody asks."""
        try:
            due = [] if self._node.locked else self._node.runs.epochs.due()
        except SealholdError:
            return
        for grant in due:
            if self._clock() - self._failed.get(grant, Instant(-HOUR)) < HOUR:
                continue
            try:
                self._node.runs.epochs.turn(grant)
            except SealholdError:
                self._failed[grant] = self._clock()

    def _wanted(self) -> list[GrantId]:
        if self._node.locked:
            return []
        runs, now = self._node.runs, self._clock()
        every = dict.fromkeys([*runs.owed(), *(row.grant.id for row in runs.due())])
        return [grant for grant in every if now - self._failed.get(grant, Instant(-HOUR)) >= HOUR]
