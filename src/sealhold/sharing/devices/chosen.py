"""What this device keeps in its folder of a collection: profile, pins, and what was fetched.

- The profile and the pins are this device's own. The others hear of the profile, and devices that
  keep all say which versions lie in their folders.
- A content goes from here only if a device that keeps all said that it has it, and that it knows
  that this one lets go: so two devices never each rely on the other.

Source: docs/spec/47-folders.md section 10.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sealhold.model.encoding import Plain
from sealhold.model.errors import NoEpochError, TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.folderrows import CHOSEN
from sealhold.sharing.devices.keeping import Keeping, Step
from sealhold.sharing.devices.keptrows import Kind, Row
from sealhold.sharing.devices.profile import EVERYTHING, Choice, Item, Profile, Which, choose
from sealhold.sharing.devices.writing import Wanted

PROFILE, HOLDS = "profile", "holds"  # kinds of notes
PAGES = 64  # notes that a device says its versions in
SHORT = 8  # bytes by which a note names a version
STAYS = DAY  # so long what was fetched is kept as if it were pinned
MOST = 100_000  # pins, and things that were fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What this device wants of one collection."""

    profile: Profile = EVERYTHING
    pins: frozenset[bytes] = frozenset()  # files, and folders with all in them
    fetched: Mapping[bytes, Instant]  # what was asked for, and when

    @property
    def is_all(self) -> bool:
        """Whether everything is kept, so that others may rely on it."""
        return self.profile.which is Which.ALL and self.profile.budget is None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a device does about the contents of a collection."""

    chosen: Chosen
    items: Mapping[bytes, Item]  # by object
    choice: Choice


def read(keeping: Keeping, collection: bytes) -> Chosen:
    """Return what this device wants of a collection.

    Raises:
        TamperedError: what was kept is not what was written.
    """
    match keeping.file_row(collection, CHOSEN):
        case None:
            return Chosen(fetched={})
        case [str(which), int(days), budget, list(pins), list(fetched)] if budget is None or (
            isinstance(budget, int)
        ):
            return Chosen(
                profile=Profile(which=Which(which), days=days, budget=budget),
                pins=frozenset(bytes(each) for each in pins),
                fetched={bytes(thing): Instant(at) for thing, at in fetched},
            )
        case _:
            raise TamperedError("what was kept of a profile is not what was written")


def write(devices: Devices, opened: Open, chosen: Chosen) -> None:
    """Keep what this device wants, and tell the others of its profile; durable on return.

    Raises:
        NoEpochError: nothing can be written now.
    """
    now, profile = devices.now(), chosen.profile
    fetched = sorted(chosen.fetched.items(), key=lambda each: -each[1])[:MOST]
    young = [[thing, at] for thing, at in fetched if now - at < max(STAYS, profile.days * DAY)]
    told: list[Plain] = [
        profile.which.value,
        profile.days,
        profile.budget,
        sorted(chosen.pins)[:MOST],
        young,
    ]
    row = devices.keeping.put_file(opened.about.id, CHOSEN, told)
    devices.keeping.save(opened.about.id, Step(beside=[row]))
    if not chosen.is_all or opened.replica.state.note(PROFILE, devices.me.id) is not None:
        tell_profile(devices, opened, chosen)


def tell_profile(devices: Devices, opened: Open, chosen: Chosen) -> bool:
    """Tell whether this device keeps all, and which others it knows not to; whether it is news."""
    letting = [each for each in _letting(opened) if each != devices.me.id]
    return _note(opened, devices.me.id, PROFILE, devices.me.id, [chosen.is_all, letting])


def is_relied_on(devices: Devices, opened: Open) -> bool:
    """Return whether another device, which does not keep all, may rely on this one."""
    me = devices.me.id
    return me in opened.members.state.holders() and bool(set(_letting(opened)) - {me})


def tell_holds(devices: Devices, opened: Open, rows: Mapping[str, Row]) -> bool:
    """Tell which versions lie here, if another device may rely on it; return whether it is news.

    Raises:
        AuditUnavailableError: nothing can be written.
    """
    if not is_relied_on(devices, opened):
        return False
    me, chosen = devices.me.id, read(devices.keeping, opened.about.id)
    is_news = tell_profile(devices, opened, chosen)
    here = {row.version for row in rows.values() if row.version} if chosen.is_all else set()
    pages: list[list[bytes]] = [[] for _ in range(PAGES)]
    for version in sorted(here):
        pages[version[0] % PAGES].append(version[:SHORT])
    for number, page in enumerate(pages):
        told = b"".join(page)
        if told or opened.replica.state.note(HOLDS, _page(me, number)) is not None:
            is_news |= _note(opened, me, HOLDS, _page(me, number), told)
    return is_news


def kept_here(
    opened: Open,
    keeping: Keeping,
    rows: Mapping[str, Row],
    wanted: Sequence[Wanted],
    now: Instant,
) -> list[Wanted]:
    """Return what is to lie in the folder of this device, of all that is shown."""
    chosen = read(keeping, opened.about.id)
    if chosen.is_all:
        return list(wanted)
    weighed = weigh(opened, chosen, rows, wanted, now)
    gone, fetch = set(weighed.choice.evict), set(weighed.choice.fetch)
    return [
        each
        for each in wanted
        if each.kind is Kind.FOLDER
        or each.version in fetch
        or (weighed.items[each.object].is_here and each.version not in gone)
    ]


def weigh(
    opened: Open,
    chosen: Chosen,
    rows: Mapping[str, Row],
    wanted: Iterable[Wanted],
    now: Instant,
) -> Weighed:
    """Return what this device does about each file that is shown.

    Args:
        opened: the collection.
        chosen: what is wanted of it here.
        rows: what lies in the folder, by path.
        wanted: all that is shown, folders before what they hold.
        now: by the clock of here.
    """
    me = opened.replica.own.log.device
    state = opened.replica.state
    lasting, holders = _lasting(opened, me), _holders(opened)
    here = {row.object for row in rows.values()}
    times = {
        each.object: version.time.ms
        for each in wanted
        if (version := state.versions.standing(each.object).shown) is not None
    }
    pinned = list[str]()
    items: dict[bytes, Item] = {}
    for each in wanted:
        at = chosen.fetched.get(each.object)
        is_pinned = each.object in chosen.pins or (at is not None and now - at < STAYS)
        if each.kind is Kind.FOLDER:
            pinned += [f"{each.path}/"] if is_pinned else []
            continue
        item = Item(
            version=each.version,
            size=each.size,
            used=Instant(max(times.get(each.object, 0), at or 0)),
            is_here=each.object in here,
            is_pinned=is_pinned or each.path.startswith(tuple(pinned)),
            # a version beside the one that is shown may lie in this folder alone
            is_pending=state.versions.standing(each.object).is_in_conflict,
            holders=frozenset(holders.get(each.version[:SHORT], ())),
        )
        items[each.object] = item
    return Weighed(chosen, items, choose(chosen.profile, items.values(), lasting, now))


def relied_on(opened: Open) -> frozenset[bytes]:
    """Return the devices that keep all, and said that they know that this one does not."""
    return _lasting(opened, opened.replica.own.log.device)


def keeps_all(opened: Open, device: bytes) -> bool:
    """Return whether a device keeps all contents, as it said; one that said nothing does."""
    told = _said(opened, device)
    return told is None or told[0]


def changed(chosen: Chosen, profile: Profile) -> Chosen:
    """Return what is wanted under another profile."""
    return replace(chosen, profile=profile)


def pin(chosen: Chosen, thing: bytes) -> Chosen:
    """Return what is wanted once a thing is pinned."""
    return replace(chosen, pins=chosen.pins | {thing})


def unpin(chosen: Chosen, thing: bytes) -> Chosen:
    """Return what is wanted once a thing is no more pinned, nor kept for having been fetched."""
    fetched = {each: at for each, at in chosen.fetched.items() if each != thing}
    return replace(chosen, pins=chosen.pins - {thing}, fetched=fetched)


def fetch(chosen: Chosen, thing: bytes, now: Instant) -> Chosen:
    """Return what is wanted once a thing was asked for."""
    return replace(chosen, fetched={**chosen.fetched, thing: now})


def _letting(opened: Open) -> list[bytes]:
    """Return the living devices that said that they do not keep all, in the order of their ids."""
    living = opened.members.state.holders()
    return sorted(
        bytes(device) for device in living if (told := _said(opened, device)) and not told[0]
    )


def _lasting(opened: Open, me: bytes) -> frozenset[bytes]:
    """Return the living devices that keep all, and know that this one does not."""
    living = opened.members.state.holders()
    found = ((bytes(device), _said(opened, device)) for device in living if device != me)
    # THREAT T517: two that rely on each other would both let go: who is relied on knows it
    return frozenset(device for device, told in found if told and told[0] and me in told[1])


def _said(opened: Open, device: bytes) -> tuple[bool, frozenset[bytes]] | None:
    """Return what a device said of itself: whether it keeps all, whom it knows not to."""
    note = opened.replica.state.note(PROFILE, device)
    if note is None or note.device != device:
        return None
    match note.told:
        case [bool(keeps), list(known)]:
            return keeps, frozenset(each for each in known if isinstance(each, bytes))
        case _:
            return None


def _holders(opened: Open) -> dict[bytes, set[bytes]]:
    """Return which devices said that they hold a version, by its short name."""
    found: dict[bytes, set[bytes]] = {}
    notes = dict(opened.replica.state.notes(HOLDS))
    for device in opened.members.state.holders():
        for number in range(PAGES):
            note = notes.get(_page(device, number))
            # THREAT T517: what a device says of another one's contents counts for nothing
            if note is None or note.device != device or not isinstance(note.told, bytes):
                continue
            told = note.told
            for at in range(0, len(told), SHORT):
                found.setdefault(told[at : at + SHORT], set()).add(bytes(device))
    return found


def _page(device: bytes, number: int) -> bytes:
    """Return the key of a note in which a device says what it holds."""
    last = device[-1] ^ number
    return device[: ID_BYTES - 1] + bytes([last])


def _note(opened: Open, me: bytes, kind: str, key: bytes, told: Plain) -> bool:
    """Write a note, if it tells something new; return whether it did."""
    known = opened.replica.state.note(kind, key)
    if known is not None and known.device == me and known.told == told:
        return False
    draft = Draft(opened.replica)
    try:
        draft.note(kind, key, told)
        draft.commit()
    except NoEpochError:
        return False
    return True
