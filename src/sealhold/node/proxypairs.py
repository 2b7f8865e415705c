"""What is done about tables of pairs while nobody waits for it: doubts are settled, words renewed.

- A transaction whose end nobody heard of is settled by a look-up of all its labels, over a
  connection of the proxy's own: those of the process before, and of connections that broke off.
- A word of which many rows are gone is written anew, in a transaction of its own, after a search
  has come upon it.

Source: docs/spec/62-words-and-ranges-in-statements.md section 6.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final, TypeVar

from sealhold.model.errors import SealholdError, TamperedError
from sealhold.node.proxyasking import Provider
from sealhold.protect.columns import Column
from sealhold.protect.gate import Gate
from sealhold.protect.migrating.asking import RefusedStatementError
from sealhold.protect.sql.besides import Beside, all_besides
from sealhold.protect.sql.binding import array
from sealhold.protect.sql.wordtables import Steps

SECONDS: Final = 1.0  # between two looks
BYTEA, BYTEAS = 17, 1001
_NO_TABLE: Final = "42P01"
_T = TypeVar("_T")


class PairKeeper:
    """What one proxy keeps up with; used by one thread."""

    def __init__(
        self, columns: Iterable[Column], connect: Callable[[], Provider], gate: Gate
    ) -> None:
        """Take the protected columns. What is pending now is of a process that ended.

        Raises:
            StoreUnavailableError: the state cannot be read.
        """
        self._besides = all_besides(columns)
        self._connect = connect
        self._gate = gate
        for each in self._besides:
            each.pairs.doubt_all()

    def turn(self) -> None:
        """Do what there is to do.

        Raises:
            SealholdError: the provider is away, or the disk refuses; the rest waits.
        """
        for each in self._besides:
            doubts, worn = each.pairs.doubts(), each.pairs.worn()
            if not doubts and not worn:
                continue
            with self._connect() as provider:
                for ticket in doubts:
                    self._settle(provider, each, ticket)
                for word in worn:
                    with self._telling(each), suppress(RefusedStatementError):
                        _run(provider, each.table.written_anew(each.pairs, word))

    def _settle(self, provider: Provider, beside: Beside, ticket: int) -> None:
        pairs = beside.pairs
        try:
            with self._telling(beside):
                _run(provider, beside.table.settled(pairs, ticket))
        except RefusedStatementError as err:
            if err.sqlstate != _NO_TABLE:
                raise
            pairs.settle(ticket, used=False)  # it is gone, with all that was in it
        pairs.sure(ticket)

    @contextmanager
    def _telling(self, beside: Beside) -> Iterator[None]:
        try:
            yield
        except TamperedError as err:
            self._gate.found("tampered", f"{beside.column.schema}.{beside.column.table}", str(err))


@contextmanager
def kept_up(keeper: PairKeeper) -> Iterator[None]:
    """Keep up with tables of pairs, in a thread, for as long as the block runs."""
    ending = Event()

    def work() -> None:
        while True:
            with suppress(SealholdError):  # the next turn does it
                keeper.turn()
            if ending.wait(SECONDS):
                return

    thread = Thread(target=work, name="proxy pairs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(SECONDS)  # it may wait for a transaction at the provider


def _run(provider: Provider, steps: Steps[_T]) -> _T:
    """Ask what some steps ask, and return what they come to.

    Raises:
        SealholdError: the provider refuses, or is away; or what it says cannot be.
    """
    rows: Sequence[Sequence[bytes | None]] = ()
    try:
        asked = next(steps)
        while True:
            values = [array(BYTEA, each) for each in asked.arrays]
            rows = provider.ask(asked.sql, (BYTEAS,) * len(values), values)
            asked = steps.send(rows)
    except StopIteration as end:
        found: _T = end.value
        return found
