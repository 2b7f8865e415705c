"""COPY into a table whose rows are tagged: versions and tags for the rows of each piece.

- Each piece is noted durably before it is sent; all of them hold once the COPY's transaction does.

Source: docs/spec/63-integrity-of-rows.md section 6.
"""

from collections.abc import Sequence
from functools import partial

from sealhold.model.errors import RowTamperedError
from sealhold.model.pgsteps import Call
from sealhold.protect.guards import Guard
from sealhold.protect.rowparts import Ticket
from sealhold.protect.sql.binding import rid_cell
from sealhold.protect.sql.plan import CopyPlan
from sealhold.protect.sql.tagging import settling
from sealhold.protect.sql.talk import Job, Talk
from sealhold.protect.versions import Versions

Cells = Sequence[bytes | None]


class TaggedCopy:
    """The rows of one COPY."""

    def __init__(self, versions: Versions, guard: Guard, order: Sequence[int]) -> None:
        self._versions = versions
        self._guard = guard
        self._order = order  # where each physical column stands among those that are sent
        self._version = versions.draw()
        self._noted: list[tuple[Ticket, Sequence[int]]] = []

    def begin(self, talk: Talk) -> None:
        """Have the end of the COPY's transaction told: it is the statement that is asked next."""
        talk.ending.stage(settling(self._versions, lambda: self._noted))

    def note(self, rids: Sequence[int]) -> Job:
        """Note rows that are about to be sent.

        Raises:
            SealholdError: the disk refuses.
        """
        stage = partial(self._versions.stage, self._guard.place, rids, self._version)
        ticket = yield Call(stage)
        self._noted.append((ticket, rids))

    def tagged(self, columns: Sequence[Cells], rids: Sequence[int]) -> list[Cells]:
        """Return the columns of versions and tags for rows."""
        tag, version = self._guard.tags.tag, self._version
        rows = zip(rids, zip(*(columns[at] for at in self._order), strict=True), strict=True)
        tags = [tag(rid, version, row) for rid, row in rows]
        return [[rid_cell(version)] * len(rids), tags]

    def check(self, tag: bytes) -> None:
        """Check how many rows the provider says it took.

        Raises:
            RowTamperedError: others than it was sent.
        """
        if tag != b"COPY %d\0" % sum(len(rids) for _, rids in self._noted):
            raise RowTamperedError("the provider did not take all rows of a COPY")


def tagged_copy(plan: CopyPlan, versions: Versions | None) -> TaggedCopy | None:
    """Return what tags the rows of a COPY, None if they are not tagged."""
    if plan.guard is None or versions is None:
        return None
    return TaggedCopy(versions, plan.guard, plan.order)
