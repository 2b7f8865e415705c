"""What was allowed on one device, told to the others, which may end it.

- Each device tells of its own grants: which app, what for, until when, and how they stand.
- Another device's word that one is to end takes effect where the grant is, at its next round: until
  then it holds. No other word about a grant has any effect there.

Source: docs/spec/50-vault-in-sync.md section 9.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, DeniedError, NoEpochError, NotFoundError
from sealhold.model.ids import DeviceId, Id16, Kind, canonical, parse_id
from sealhold.model.quantities import Instant
from sealhold.model.shown import GrantView
from sealhold.model.shown.devices import GrantElsewhereView
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices.certs import SPEAKERS
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.state import Note
from sealhold.vault.grants import GRANTS

GRANT, END = "grant", "grant-end"  # kinds of notes, both by the grant's id
MAX_NAME: Final = 256  # characters of an app's name, or of what is allowed
MAX_TIME: Final = 1 << 53
LIVE: Final = frozenset({"allowed", "suspended"})  # states that a grant can leave again


class GrantSync:
    """The grants of a person's devices. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._work = work
        self._seen: tuple[int, int] | None = None

    def settle(self) -> bool:
        """End what another device ended, and tell how grants stand; return whether it was told.

        Raises:
            AuditUnavailableError: nothing can be written here.
        """
        opened = self._opened()
        if opened is None or self._turns(opened) == self._seen:
            return False
        here = {view.id: view for view in self._work.grants.list()}
        ended = [
            grant
            for grant, view in here.items()
            if view.state.value in LIVE and self._is_ended(opened, grant)
        ]
        for grant in ended:
            with suppress(ConflictError):  # it ended by itself meanwhile
                here[grant] = self._work.grants.revoke(canonical(grant))
        draft, me = Draft(opened.replica), self._work.devices.me.id
        try:
            for grant, view in here.items():
                note, told = opened.replica.state.note(GRANT, grant), _told(view)
                if note is None or note.device != me or note.told != told:
                    draft.note(GRANT, grant, told)
            is_news = bool(draft)
            draft.commit()
        except NoEpochError:
            return False
        self._seen = self._turns(opened)
        return is_news

    def elsewhere(self) -> list[GrantElsewhereView]:
        """Return what other devices told of their grants, the newest first."""
        opened = self._opened()
        if opened is None:
            return []
        names, me = self._work.devices.names(), self._work.devices.me.id
        found = [
            _view(
                grant,
                note.told,
                names.get(DeviceId(Id16(note.device)), ""),
                is_ending=self._is_ended(opened, grant),
            )
            for grant, note in self._notes(opened)
            if note.device != me
        ]
        return sorted((each for each in found if each), key=lambda each: -each.granted_at)

    def end(self, text: str) -> GrantElsewhereView:
        """Have a grant of another device end once that hears of it.

        Raises:
            NotFoundError: no other device told of a grant of that id.
            ConflictError: it has ended.
            DeniedError: this is a limited device.
            NoEpochError: nothing can be told now.
        """
        tail, opened = parse_id(Kind.GRANT, text), self._opened()
        if self._work.devices.me.certificate.role not in SPEAKERS:
            raise DeniedError("a limited device ends no grant of another one")
        for view in self.elsewhere():
            if opened is not None and bytes.fromhex(view.id).endswith(tail):
                if view.state not in LIVE:
                    raise ConflictError("that grant has ended")
                draft = Draft(opened.replica)
                draft.note(END, bytes.fromhex(view.id), 1)
                draft.commit()
                return next(each for each in self.elsewhere() if each.id == view.id)
        raise NotFoundError("no other device of yours told of such a grant")

    # --- inside ---

    def _opened(self) -> Open | None:
        of_records = (
            each
            for each in self._work.devices.collections()
            if each.about.holds is Holds.RECORDS and not each.is_foreign
        )
        return next(of_records, None)

    def _turns(self, opened: Open) -> tuple[int, int]:
        return opened.replica.state.turn, self._work.core.deciding.turn(GRANTS.name)

    def _is_ended(self, opened: Open, grant: bytes) -> bool:
        note = opened.replica.state.note(END, grant)
        # THREAT T593: another device ends a grant; it makes none, and none longer or wider
        return note is not None and note.told == 1 and _speaks(opened, note.device)

    def _notes(self, opened: Open) -> Iterator[tuple[bytes, Note]]:
        for grant, note in opened.replica.state.notes(GRANT):
            if _speaks(opened, note.device):
                yield grant, note


def _speaks(opened: Open, device: bytes) -> bool:
    member = opened.members.state.members.get(DeviceId(Id16(device)))
    return member is not None and member.certificate.role in SPEAKERS


def _told(view: GrantView) -> Plain:
    what, purpose = view.label[:MAX_NAME], str(view.purpose)
    times = [int(view.granted_at), int(view.terms.until)]
    return [1, view.app_name[:MAX_NAME], what, purpose, view.state.value, *times]


def _view(grant: bytes, told: Plain, device: str, *, is_ending: bool) -> GrantElsewhereView | None:
    """Return a grant of another device as it was told; None if it is not told as one."""
    match told:
        case [1, str(app), str(what), str(purpose), str(state), int(granted), int(until)] if (
            max(len(app), len(what), len(purpose), len(state)) <= MAX_NAME
            and 0 <= granted < MAX_TIME
            and 0 <= until < MAX_TIME
        ):
            return GrantElsewhereView(
                id=grant.hex(),
                device=device,
                app_name=app,
                what=what,
                purpose=purpose,
                state=state,
                granted_at=Instant(granted),
                until=Instant(until),
                is_ending=is_ending and state in LIVE,
            )
        case _:
            return None
