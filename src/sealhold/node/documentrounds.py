"""What a round of syncing brings to documents, and what it lets be ended.

- Edits are counted by what each device wrote in one go, as far as that counts.
- What documents have to end after something came is done here, once for each round.

Source: docs/spec/48-documents.md sections 11 and 12.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sealhold.model.errors import CarrierAwayError, NoEpochError, ObjectNotFoundError, TamperedError
from sealhold.model.shown.documents import ArrivedView
from sealhold.node.documentnames import Work, has_documents, people_of, writer_in
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.documentbook import lineages_of
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.oplog import LogId
from sealhold.sharing.devices.syncing import Round

WAITS = (CarrierAwayError, NoEpochError, ObjectNotFoundError, TamperedError)


@dataclass(frozen=True, slots=True)
class _Edits:
    document: bytes
    device: bytes


class Arriving:
    """What documents have before a round, so that it can be told what came."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._before = {each.about.id: _heads(each) for each in self._collections()}

    def ended(self, done: Round, give: Callable[[], Round]) -> tuple[ArrivedView, ...]:
        """End what was begun in documents; return what came to which.

        Args:
            done: the round; what went wrong is told there.
            give: gives what was written meanwhile, so that others need not wait for it.
        """
        found: list[ArrivedView] = []
        wrote = False
        for opened in self._collections():
            found += self._arrived(opened)
            log = opened.replica.own.log
            before = opened.replica.book.head(log)
            try:
                Documents(self._work.devices, opened).finish()
            except WAITS as err:
                done.troubles.append(f"documents of {opened.about.name}: {err}")
            wrote = wrote or opened.replica.book.head(log) != before
        if wrote:
            done.add_round(give())
        return tuple(found)

    def _collections(self) -> list[Open]:
        every = self._work.devices.collections()
        return [each for each in every if has_documents(self._work.devices, each)]

    def _arrived(self, opened: Open) -> list[ArrivedView]:
        replica, me = opened.replica, self._work.devices.me.id
        had = self._before.get(opened.about.id, {})
        came: dict[bytes, list[bytes]] = {}  # by lineage: who wrote, once for each write
        for begun, stands in replica.documents.stands.items():
            for at in stands:
                ends = (replica.circle.cut(at.log), replica.frozen(at.log))
                counts = all(end is None or at.seq <= end for end in ends)
                if at.seq > had.get(at.log, 0) and at.log.device != me and counts:
                    came.setdefault(begun, []).append(at.log.device)
        if not came:
            return []
        state, edits = replica.state, dict[_Edits, int]()
        shown = state.tree.shown(state.versions.edited_over_deletes())
        for thing in shown:
            for lineage in lineages_of(state, thing, every=True):
                for device in came.get(lineage.id, ()):
                    key = _Edits(thing, device)
                    edits[key] = edits.get(key, 0) + 1
        devices = self._work.devices
        names, people = devices.names(), people_of(devices)
        return [
            ArrivedView(
                document="/".join(shown[each.document].path),
                collection=opened.about.name,
                by=writer_in(opened, names, each.device, people),
                edits=count,
            )
            for each, count in edits.items()
        ]


def _heads(opened: Open) -> dict[LogId, int]:
    book = opened.replica.book
    return {log: book.head(log).seq for log in book.logs()}
