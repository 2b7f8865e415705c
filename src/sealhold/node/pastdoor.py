"""Old versions of synced files, as pages ask for them: listed, and put back after a look.

Source: docs/spec/20-faces.md section 9; docs/spec/47-folders.md section 9.
"""

from sealhold.model.errors import ConflictError
from sealhold.model.quantities import Instant
from sealhold.model.shown.pasts import HistoryView, RestoreView
from sealhold.node.historywork import HistoryWork
from sealhold.node.turns import Turns


class PastDoor:
    """Shows what folders were, and puts it back. For many threads."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def collections(self) -> tuple[str, ...]:
        """Return the names of the collections of files."""
        with self._turns.work() as work:
            return tuple(sorted(each.about.name for each in HistoryWork(work).every()))

    def history(self, spot: str, at: Instant | None = None) -> HistoryView:
        """Return the versions of a file, or the files of a folder or a collection.

        Args:
            spot: `COLLECTION/PATH`; a path of this machine is none.
            at: as it was then; None: as it is, and what was deleted.

        Raises:
            NotFoundError: there is none, and was none.
        """
        with self._turns.work() as work:
            history = HistoryWork(work)
            return history.history(history.spot(spot.strip("/")), at)

    def preview(self, spot: str, at: Instant, *, exact: bool) -> RestoreView:
        """Return what putting something back would do; nothing is changed.

        Raises:
            NotFoundError: nothing of it stood there at that time.
        """
        with self._turns.work() as work:
            history = HistoryWork(work)
            return history.restore(history.spot(spot.strip("/")), at, exact=exact, preview=True)

    def restore(self, spot: str, at: Instant, *, exact: bool, shown: str) -> RestoreView:
        """Put something back as it was shown; another restore undoes it.

        Raises:
            ConflictError: it would do something else now than was shown.
            NotFoundError: nothing of it stood there at that time.
        """
        with self._turns.work() as work:
            history = HistoryWork(work)
            meant = history.spot(spot.strip("/"))
            if history.restore(meant, at, exact=exact, preview=True).stamp != shown:
                raise ConflictError("it would do something else now than was shown")
            return history.restore(meant, at, exact=exact, preview=False)
