"""The own card on its way to contacts: each of them gets every card, however many they are.

- To whom the newest card still has to go is a note, so neither a kill nor a full outbox loses
  anybody, and a contact who was paused gets it afterwards.
- Cards take half the room of letters that wait at most: what the owner sends goes beside them.

Source: docs/spec/51-contacts.md section 1.
"""

from sealhold.model.encoding import Plain
from sealhold.model.errors import ExhaustedError
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.peers import letters as bounds
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.letters import Letters
from sealhold.sharing.peers.owncard import HERE, OwnCard

DUE_KIND = "own-card-due"  # of notes


def spread(devices: Devices, contacts: Contacts, letters: Letters, own: OwnCard) -> int:
    """Have the own card sent to contacts who did not get it; return to how many.

    A device that makes no cards sends none so. The rest is sent by later rounds.

    Raises:
        AuditUnavailableError: nothing can be written.
    """
    card, home = own.card, devices.home
    if card is None or home.members.state.admin_grant(devices.me.id) is None:
        return 0
    number, keys = _due(devices)
    is_new = number < card.number
    if not is_new and not keys:
        return 0
    due = [each for each in contacts.every() if is_new or each.key in keys]
    now = _that_fit(letters, [each for each in due if not each.contact.is_paused])
    try:
        _, ops = letters.kept([(each, Kind.CARD, card.data) for each in now])
    except ExhaustedError:  # long letters wait: when they are left there is room
        now, ops = [], []
    if not now and not is_new:
        return 0
    # THREAT T537: who did not hear yet that a device is gone is still told
    sent = {each.key for each in now}
    rest = [each.key for each in due if each.key not in sent]
    draft = Draft(home.replica)
    told: Plain = [card.number, rest]
    draft.note(DUE_KIND, HERE, told)
    draft.commit(Step(beside=ops))
    return len(now)


# --- inside ---


def _due(devices: Devices) -> tuple[int, frozenset[bytes]]:
    """Return a card's number, and the contacts to whom it still has to go."""
    note = devices.home.replica.state.note(DUE_KIND, HERE)
    match None if note is None else note.told:
        case [int(number), list(keys)]:
            return number, frozenset(each for each in keys if isinstance(each, bytes))
        case _:
            return 0, frozenset()


def _that_fit(letters: Letters, due: list[Known]) -> list[Known]:
    """Return those for whom there is room: an older card that waits makes way."""
    out = letters.waiting_out()
    waits = {known.key for known, kind in out if known is not None and kind == Kind.CARD}
    again = [each for each in due if each.key in waits]
    others = [each for each in due if each.key not in waits]
    return again + others[: max(0, bounds.MAX_OUT // 2 - len(out))]
