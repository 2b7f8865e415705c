"""Runs that go on at this moment, by grant, and how they are ended.

- To end a run is to kill the processes in which its program is evaluated; what a program was about
  when that happened is nobody's answer and is not kept.
- Who ends runs waits until they are over, and tells how many there were. Under a grant that ended
  none begins afterwards; under one that was paused, none until it holds again.

Source: docs/spec/39-dataware.md section 5.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock

from sealhold.compute.broker import Broker
from sealhold.model.errors import DeniedError, StillRunningError
from sealhold.model.ids import GrantId

PATIENCE = 0.8  # seconds until a run must be over that was ended


@dataclass(slots=True, eq=False)
class LiveRun:
    """One run."""

    is_killed: bool = False
    _brokers: list[Broker] = field(default_factory=list)
    _turn: Lock = field(default_factory=Lock)

    @contextmanager
    def over(self, broker: Broker) -> Iterator[None]:
        """Let the run be ended while `broker` evaluates in the block.

        Raises:
            DeniedError: it was ended before.
        """
        with self._turn:
            if self.is_killed:
                raise DeniedError("the grant was ended or paused while it ran")
            self._brokers.append(broker)
        try:
            yield
        finally:
            with self._turn:
                self._brokers.remove(broker)

    def kill(self) -> None:
        """End what is evaluated, and let nothing further begin."""
        with self._turn:
            self.is_killed = True
            for broker in self._brokers:
                broker.kill()


class LiveRuns:
    """The runs of one vault; several threads may call."""

    def __init__(self) -> None:
        self._runs: dict[GrantId, list[LiveRun]] = {}
        self._killed: dict[GrantId, int] = {}  # of grants that were ended
        self._turn = Condition()

    @contextmanager
    def run(self, grant: GrantId) -> Iterator[LiveRun]:
        """Tell of a run while the block lasts.

        Raises:
            DeniedError: runs of the grant were ended, before or in the block.
        """
        run = LiveRun()
        with self._turn:
            # THREAT T414: what was ended does not begin once more behind the order
            if grant in self._killed:
                raise DeniedError("the grant was revoked")
            self._runs.setdefault(grant, []).append(run)
        try:
            yield run
        except Exception as err:
            if run.is_killed:  # whatever the killed processes were taken for
                raise DeniedError("the grant was ended or paused while it ran") from err
            raise
        finally:
            with self._turn:
                self._runs[grant].remove(run)
                if not self._runs[grant]:
                    del self._runs[grant]
                self._turn.notify_all()

    def pause(self, grant: GrantId) -> int:
        """End the runs of a grant that go on, and return how many there were; others may begin."""
        with self._turn:
            runs = [each for each in self._runs.get(grant, ()) if not each.is_killed]
        for run in runs:
            run.kill()
        with self._turn:  # one that goes on in spite of it is refused when it is over
            self._turn.wait_for(lambda: grant not in self._runs, PATIENCE)
        return len(runs)

    def end(self, grant: GrantId) -> int:
        """End the runs of a grant, for good, and return how many there were.

        Raises:
            StillRunningError: one of them goes on in spite of it.
        """
        with self._turn:
            runs = list(self._runs.get(grant, ()))
            fresh = [each for each in runs if not each.is_killed]
            self._killed[grant] = self._killed.get(grant, 0) + len(fresh)
        for run in fresh:
            run.kill()
        with self._turn:
            if not self._turn.wait_for(lambda: grant not in self._runs, PATIENCE):
                raise StillRunningError("a run of the grant is not over yet")
            return self._killed[grant]
