"""The own card on its way to contacts: each of them gets every card, however many they are.

- To whom the newest card still has to go is a note, so neither a kill nor a full outbox loses
  anybody, and a contact who was paused gets it afterwards.
- Cards take half the room of letters that wait at most: what the owner sends goes beside them.
  Where those that cannot be left fill it, they make way after an hour and come last again.

Source: docs/spec/51-contacts.md section 1.
"""

from sealhold.model.encoding import Plain
from sealhold.model.errors import ExhaustedError
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.peers import letters as bounds
from sealhold.sharing.peers.contacts import Contacts
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.letters import Letters
from sealhold.sharing.peers.owncard import HERE, OwnCard

DUE_KIND = "own-card-due"  # of notes
TURN = 3_600_000  # milliseconds


def spread(devices: Devices, contacts: Contacts, letters: Letters, own: OwnCard) -> int:
    """Have the own card sent to contacts who did not get it; return to how many.

    A device that makes no cards sends none so. The rest is sent by later rounds.

    Raises:
        AuditUnavailableError: nothing can be written.
    """
    card, home = own.card, devices.home
    if card is None or home.members.state.admin_grant(devices.me.id) is None:
        return 0
    number, moved, keys = _due(devices)
    is_new = number < card.number
    if not is_new and not keys:
        return 0
    known = {each.key: each for each in contacts.every()}
    queue = list(known) if is_new else [each for each in keys if each in known]
    ready = [each for each in queue if not known[each].contact.is_paused]
    now = devices.now()
    going, back = _chosen(letters, ready, may_turn=now >= moved + TURN)
    try:
        _, ops = letters.kept([(known[each], Kind.CARD, card.data) for each in going], back)
    except ExhaustedError:  # long letters wait: when they are left there is room
        going, back, ops = [], [], []
    if not going and not is_new:
        return 0
    # THREAT T537: who did not hear yet that a device is gone is still told
    rest = [each for each in queue if each not in going] + back
    draft = Draft(home.replica)
    told: Plain = [card.number, now, list[Plain](rest)]
    draft.note(DUE_KIND, HERE, told)
    draft.commit(Step(beside=ops))
    return len(going)


# --- inside ---


def _due(devices: Devices) -> tuple[int, int, list[bytes]]:
    """Return a card's number, when it was sent last, and to whom it still has to go, in order."""
    note = devices.home.replica.state.note(DUE_KIND, HERE)
    match None if note is None else note.told:
        case [int(number), int(moved), list(keys)]:
            return number, moved, [each for each in keys if isinstance(each, bytes)]
        case _:
            return 0, 0, []


def _chosen(
    letters: Letters, ready: list[bytes], *, may_turn: bool
) -> tuple[list[bytes], list[bytes]]:
    """Return to whom a card goes now, and whose waiting card makes way and is due again."""
    out = letters.waiting_out()
    waits = [known.key for known, kind in out if known is not None and kind == Kind.CARD]
    again = [each for each in ready if each in waits]  # the newer takes the place of the older
    fresh = [each for each in ready if each not in waits]
    free = max(0, bounds.MAX_OUT // 2 - len(out))
    left = fresh[free:]
    # contacts out of reach keep nobody from being told
    back = [each for each in waits if each not in again][: len(left)] if may_turn else []
    return [*again, *fresh[:free], *left[: len(back)]], back
