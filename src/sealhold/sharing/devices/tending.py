"""Tending a collection: old versions are thinned, packs that are mostly dead written anew.

- Packs of which less than 60 % is named by a content that is kept are written anew with just that,
  sealed bytes as they are. What goes is told in the log; it is deleted at carriers a day later, by
  the device that wrote the new pack, once every living device said that it knows.
- Before that it looks again: what somebody came to name meanwhile is carried over first.
- What a carrier lists is its word alone: a pack that no version ever named goes only if it is there
  and of this collection, and so many of those are looked at in a day.

Source: docs/spec/47-folders.md sections 9 and 11.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.crypto.chunkid import ChunkId
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    NoEpochError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import DeviceId, SealedBytes
from sealhold.model.quantities import DAY
from sealhold.net.spec import Carrier
from sealhold.sharing.devices import clocks
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.folderrows import TENDED
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.ops import PackOp
from sealhold.sharing.devices.packlists import packs_at
from sealhold.sharing.devices.thinning import due, ops_of
from sealhold.stores.packs import LARGEST, read_pack, room
from sealhold.vault.chunkplaces import Manifest, Place

GRACE = DAY  # until a pack that goes is deleted
LEAST = 60  # of a hundred bytes of a pack so many are named by what is kept, or it is written anew
KNOWS, HELD = "packs", "held"  # kinds of notes
SHORT = 8  # bytes by which a note names a pack
MOST = 8_192  # packs that a note names
LOOKED_AT = 256  # packs of a day that no version ever named, or that are not as long as listed
SAID = 1_000  # packs of which one entry says that they go
REMEMBERED = 65_536  # packs that nothing names, until another day

At = Sequence[tuple[Carrier, Mailbox]]


@dataclass(slots=True)
class Tended:
    """What came of tending a collection."""

    thinned: int = 0  # versions
    rewritten: int = 0  # packs
    dead: int = 0  # packs of which nothing stays
    deleted: int = 0  # packs, at a carrier
    freed: int = 0  # bytes of those
    waiting: int = 0  # packs that go, and are not deleted yet
    troubles: list[str] = field(default_factory=list)  # each a sentence


def is_time(devices: Devices, opened: Open) -> bool:
    """Return whether a day went by since this device last tended a collection."""
    last, _ = _last(devices, opened)
    return not 0 <= devices.now() - last < DAY


def to_thin(devices: Devices, opened: Open) -> dict[bytes, list[bytes]]:
    """Return the versions that the rule lets go now, by their objects.

    What is held stays. With a clock that is a day behind what others wrote, or that no other device
    bears out, nothing is thinned.
    """
    state, now = opened.replica.state, devices.now()
    # THREAT T515: a clock that jumped ahead makes nothing old
    if state.last.ms - now > DAY or not clocks.is_borne_out(devices):
        return {}
    held = {
        version.id
        for thing, note in state.notes(HELD)
        if note.told
        for version in state.versions.of(thing)
    }
    gone = state.thinned.of(state.versions)
    return due(state.versions, now, gone, held)


def hold(opened: Open, thing: bytes, *, is_held: bool) -> None:
    """Have every version of a file kept whatever its age, on all devices, or no more."""
    note = opened.replica.state.note(HELD, thing)
    if (note is not None and bool(note.told)) != is_held:
        draft = Draft(opened.replica)
        draft.note(HELD, thing, is_held)
        draft.commit()


def acknowledge(devices: Devices, opened: Open) -> bool:
    """Tell the others which packs this device knows to go; return whether that is news."""
    state, me = opened.replica.state, devices.me.id
    if not state.packs.said or me not in opened.members.state.holders():
        return False
    newest = sorted(
        state.packs.said, key=lambda pack: (max(state.packs.said[pack].values()), pack)
    )[-MOST:]
    told = b"".join(sorted(pack[:SHORT] for pack in newest))
    note = state.note(KNOWS, me)
    if note is not None and note.told == told and note.device == me:
        return False
    draft = Draft(opened.replica)
    draft.note(KNOWS, me, told)
    try:
        draft.commit()
    except NoEpochError:
        return False
    return True


def tend(devices: Devices, opened: Open, at: At) -> Tended:
    """Thin what is old, write packs anew that are mostly dead, and delete those that went.

    Args:
        devices: those of the person.
        opened: the collection, up to date with all that carriers have.
        at: the carriers that answer, and its place there.

    Raises:
        NoEpochError: nothing can be written now.
        AuditUnavailableError: nothing can be written.
    """
    done = Tended()
    drop = to_thin(devices, opened)
    if drop:
        opened.replica.write([op for thing, gone in drop.items() for op in ops_of(thing, gone)], {})
        done.thinned = sum(len(each) for each in drop.values())
    try:
        _tend_packs(devices, opened, at, done)
    except CarrierAwayError:
        pass  # the round tells that it is away; another day will do
    except (CarrierRefusedError, TamperedError) as err:
        done.troubles.append(f"packs of {opened.about.name}: {err}")
    return done


def _tend_packs(devices: Devices, opened: Open, at: At, done: Tended) -> None:
    listed = [packs_at(carrier, box) for carrier, box in at]
    if not any(listed):
        return
    opened.bodies.reach(at)
    state, me = opened.replica.state, devices.me.id
    kept = _Kept(opened)
    for pack in sorted(kept.lost):  # what somebody came to name that was to go
        if me in state.packs.said[pack]:
            _rewrite(opened, pack, kept.lost[pack])
            done.rewritten += 1
    if kept.lost:
        kept = _Kept(opened)
    _delete(devices, opened, at, listed, kept, done)
    sizes = {pack: size for each in listed for pack, size in each.items()}
    was_dead = _seen_dead(devices, opened, sizes.keys() - kept.here.keys())
    holders = set(opened.members.state.holders())
    dead, misled = list[bytes](), 0
    for pack, size in sorted(sizes.items()):
        if state.packs.said.get(pack, {}).keys() & holders:
            continue
        live = kept.here.get(pack, {})
        if not live and pack[:SHORT] in was_dead:
            dead.append(pack)
        # THREAT T501: how long a pack is, a carrier may say as it likes
        elif live and misled < LOOKED_AT and _is_mostly_dead(live.values(), size):
            if _is_mostly_dead(live.values(), len(_whole(opened, pack))):
                _rewrite(opened, pack, live)
                done.rewritten += 1
            else:
                misled += 1
    _let_go(opened, dead, done)
    gone = {pack for pack, by in state.packs.said.items() if me in by}
    done.waiting = len(gone & {pack for carrier, box in at for pack in packs_at(carrier, box)})
    acknowledge(devices, opened)


def _let_go(opened: Open, dead: Sequence[bytes], done: Tended) -> None:
    """Say of packs that nothing names that they go, if they are of this collection."""
    contents = opened.replica.state.contents()
    named = {place.pack for each in contents if each.manifest for place in each.manifest.chunks}
    others = set(dead) - named
    # THREAT T501: of names that a carrier made up nothing is written
    found = [pack for pack in _drawn(opened, others, LOOKED_AT) if _is_of(opened, pack)]
    going = sorted({*(named & set(dead)), *found})
    for at in range(0, len(going), SAID):
        opened.replica.write([PackOp(pack, None, ()) for pack in going[at : at + SAID]], {})
    done.dead += len(going)
    if left := len(others) - len(found):
        done.troubles.append(
            f"packs of {opened.about.name}: {left:,} are listed that no version names; what they "
            "are could not be told, or not yet"
        )


def _drawn(opened: Open, packs: Collection[bytes], most: int) -> Collection[bytes]:
    """Return so many of some packs at most; nobody knows before which of many they are."""
    if len(packs) <= most:
        return packs
    seed = opened.replica.entropy(SHORT)
    return sorted(packs, key=lambda pack: fingerprint(seed + pack))[:most]


def _whole(opened: Open, pack: bytes) -> bytes:
    """Return a pack, compared with its name.

    Raises:
        TamperedError: nobody has it as it was written.
        CarrierAwayError: no carrier that has it answers.
    """
    all_of_it = Place(ChunkId(pack), pack, 0, LARGEST, Secret(bytes(32), "no chunk's key"))
    [(_, found)] = opened.bodies.chunks(Manifest(0, (all_of_it,)), pack)
    return found


def _is_of(opened: Open, pack: bytes) -> bool:
    """Return whether a pack can be had and was made for this collection."""
    tables = derive(opened.replica.secret, Tag.PACK_TABLE)

    def table(salt: bytes, sealed: SealedBytes) -> bytes:
        return Sealer(derive(tables, Tag.PACK_TABLE, salt)).open(sealed, salt)

    try:
        read_pack(SealedBytes(_whole(opened, pack)), table)
    except SealholdError:
        return False
    return True


def _is_mostly_dead(live: Collection[Place], size: int) -> bool:
    """Return whether a pack is worth being written anew: little is live, and it gets smaller."""
    alive = sum(each.length for each in live)
    return 100 * alive < LEAST * size and room(len(live), alive) < size


def _seen_dead(devices: Devices, opened: Open, dead: Collection[bytes]) -> frozenset[bytes]:
    """Keep which packs nothing names now; return those of which that was so a day ago.

    A pack may be there before the entry that names it.
    """
    last, before = _last(devices, opened)
    if 0 <= devices.now() - last < GRACE:
        return frozenset()
    short = sorted(pack[:SHORT] for pack in _drawn(opened, dead, REMEMBERED))
    told = [int(devices.now()), b"".join(short)]
    row = devices.keeping.put_file(opened.about.id, TENDED, told)
    devices.keeping.save(opened.about.id, Step(beside=[row]))
    return before


def _last(devices: Devices, opened: Open) -> tuple[int, frozenset[bytes]]:
    """Return when this device last tended a collection, and the packs that nothing named then."""
    match devices.keeping.file_row(opened.about.id, TENDED):
        case [int(last), bytes(dead)]:
            return last, _shorts(dead)
        case _:
            return -1, frozenset()


def _shorts(told: bytes) -> frozenset[bytes]:
    return frozenset(told[at : at + SHORT] for at in range(0, len(told), SHORT))


class _Kept:
    """Where all chunks lie that a content names that is kept."""

    def __init__(self, opened: Open) -> None:
        self.here: defaultdict[bytes, dict[int, Place]] = defaultdict(dict)  # by pack and offset
        self.lost: defaultdict[bytes, dict[int, Place]] = defaultdict(dict)
        self.was: defaultdict[bytes, set[bytes]] = defaultdict(set)  # by pack, where its chunks are
        moves = opened.replica.state.packs
        for manifest in _manifests(opened):
            for place in manifest.chunks:
                if (gone := moves.lost(place)) is not None:
                    self.lost[gone.pack][gone.offset] = gone
                elif (now := moves.place(place)) is not None:
                    self.here[now.pack][now.offset] = now
                    self.was[place.pack].add(now.pack)


def _manifests(opened: Open) -> Iterator[Manifest]:
    """Yield what contents that are kept are put together from, as their versions name it.

    Raises:
        TamperedError: a list of chunks cannot be had: what it names is not known.
    """
    for content in opened.replica.state.live():
        if content.manifest is not None:
            yield content.manifest
            if content.is_list:
                yield opened.bodies.named(content)


def _rewrite(opened: Open, pack: bytes, live: Mapping[int, Place]) -> None:
    """Write what is live in a pack into another one, durably, and then that the pack goes."""
    places = tuple(live[at] for at in sorted(live))
    chunks = opened.bodies.chunks(Manifest(0, places), pack)
    new, moved = opened.bodies.stage(chunks)
    moves = tuple((place.offset, target) for place, target in moved)
    opened.replica.write([PackOp(pack, new, moves)], {})


def _delete(
    devices: Devices,
    opened: Open,
    at: At,
    listed: Sequence[Mapping[bytes, int]],
    kept: _Kept,
    done: Tended,
) -> None:
    """Delete packs that this device wrote anew, where the new ones are."""
    state, me = opened.replica.state, devices.me.id
    for pack, by in sorted(state.packs.said.items()):
        if me not in by or devices.now() - by[me].ms < GRACE:
            continue
        # THREAT T516: nothing goes before each living device knows, and what it named is carried
        if pack in kept.lost or not _all_know(opened, me, pack):
            continue
        left = False
        for (carrier, box), there in zip(at, listed, strict=True):
            if pack not in there:
                continue
            if carrier.abilities.deletes and kept.was[pack] - {pack} <= there.keys():
                carrier.delete(box.pack(pack))
                done.deleted += 1
                done.freed += there[pack]
            else:
                left = True
        if not left:
            opened.bodies.drop(pack)


def _all_know(opened: Open, me: DeviceId, pack: bytes) -> bool:
    """Return whether each living device said itself that it knows that a pack goes."""
    for device in opened.members.state.holders():
        note = opened.replica.state.note(KNOWS, device)
        if device == me:
            continue
        if note is None or note.device != device or not isinstance(note.told, bytes):
            return False
        if pack[:SHORT] not in _shorts(note.told):
            return False
    return True
