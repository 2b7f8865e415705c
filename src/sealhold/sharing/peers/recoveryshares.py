"""Shares of the recovery secret that contacts hold.

- The policy of a set is signed by the root, which only the recovery secret opens: a stolen device
  makes no set and ends none. It commits to each share and its holder, and names no holder.
- A holder keeps the share of the newest set of each person; a newer set takes its place, and who
  has no share in it lets the old one go.

Source: docs/spec/54-recovery-by-people.md section 3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sealhold.crypto.cards import MOST, needed_of
from sealhold.crypto.digest import fingerprint, tagged
from sealhold.crypto.rootid import RootId, RootIdentity, RootPublic, root_id, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import DeniedError, InvalidEncodingError, InvalidError
from sealhold.model.ids import ContactId
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import read_certificate
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.me import root_of
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letter import Kind, Letter
from sealhold.sharing.peers.letters import Handler, Letters

SET_KIND, HELD_KIND = "recovery-set", "held-share"  # of notes
FEWEST = 2  # shares that are needed: one alone would be the secret itself
_FORM = 1
_KEY = 8  # bytes of a root id that begin the key of a note; behind them the generation
_OWN = bytes(_KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy:
    """What the owner laid down of one set of shares."""

    root: RootId  # 32 bytes, of the owner
    generation: int  # a newer set has a higher one
    needed: int  # shares that give the secret
    shares: tuple[bytes, ...]  # 32 bytes each, in the order of the set: who holds which


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSet:
    """The newest set of the owner's own."""

    policy: SetPolicy
    holders: tuple[ContactId, ...]  # in the order of the set
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A share that is held here for somebody."""

    owner: ContactId
    called: str  # as the owner called themselves
    policy: SetPolicy
    words: str
    place: int  # in the set, from 1
    at: Instant


def write_policy(policy: SetPolicy, root: RootIdentity) -> bytes:
    """Return a policy, signed by the root."""
    told = pack(
        [_FORM, policy.root, policy.generation, policy.needed, list(policy.shares)],
    )
    return pack([told, root.sign(Tag.RECOVERY_POLICY, told)])


def read_policy(paper: bytes, root: RootPublic) -> SetPolicy:
    """Return the policy that a root signed.

    Raises:
        InvalidEncodingError: it is none.
        BadSignatureError: that root did not sign it.
        DeniedError: it is about another root.
    """
    match unpack(paper):
        case [bytes(told), bytes(signature)]:
            # THREAT T570: who holds shares, and of which set, the root alone says
            verify(root, Tag.RECOVERY_POLICY, told, signature)
        case _:
            raise InvalidEncodingError("no policy of shares")
    policy = _told(told)
    if policy.root != root_id(root):
        raise DeniedError("a policy of somebody else's shares")
    return policy


def commitment(holder: bytes, words: str) -> bytes:
    """Return what a policy says of a share and its holder's root id: 32 bytes."""
    return tagged(Tag.RECOVERY_SHARE, holder, words.encode())


def send(
    devices: Devices,
    letters: Letters,
    text: str,
    shares: Sequence[tuple[Known, str]],
    gone: Iterable[Known],
) -> SetPolicy:
    """Give each of some contacts a share, in one commit; the letters go with the next rounds.

    Args:
        devices: of the owner.
        letters: of the owner.
        text: the recovery secret as it stands on paper.
        shares: each holder, and the words of their share.
        gone: contacts that had a share of the set before, and have none of this one.

    Raises:
        DeniedError: a contact is not verified, or paused.
        InvalidError: one stands twice, or no recovery secret.
        NotFoundError: the root is not here under a recovery secret.
        SealBrokenError: it is under another one.
    """
    ids = [known.id for known, _ in shares]
    if len(set(ids)) != len(ids):
        raise InvalidError("a person holds one share of a set")
    for known, _ in shares:
        # THREAT T571: a share goes to who was verified, and to nobody else
        if not known.contact.is_verified or known.contact.is_paused:
            raise DeniedError(f"{known.name} is not verified: compare your words first")
    root = root_of(devices.me, text)
    before = own_set(devices)
    earlier = before.policy.generation if before else 0
    policy = SetPolicy(
        root=RootId(devices.me.root),
        generation=max(devices.now(), earlier + 1),
        needed=needed_of(shares[0][1]),
        shares=tuple(commitment(known.id, words) for known, words in shares),
    )
    paper = write_policy(policy, root)
    posts = [(known, Kind.RECOVERY, pack([_FORM, paper, words])) for known, words in shares]
    posts += [(known, Kind.RECOVERY, pack([_FORM, paper, ""])) for known in gone]
    devices.keeping.contact_told("recovery-shared")
    _, ops = letters.kept([(known, kind.value, body) for known, kind, body in posts])
    draft = Draft(devices.home.replica)
    draft.note(SET_KIND, _key(_OWN, policy.generation), [paper, list(ids), devices.now()])
    draft.commit(Step(beside=ops))
    return policy


def own_set(devices: Devices) -> OwnSet | None:
    """Return the newest set that the owner gave away; None if there is none."""
    found = list[OwnSet]()
    for key, note in devices.home.replica.state.notes(SET_KIND):
        match note.told:
            case [bytes(paper), list(ids), int(at)] if key[:_KEY] == _OWN:
                policy = read_policy(paper, root_public(devices))
                found.append(
                    OwnSet(
                        policy=policy,
                        holders=tuple(ContactId(each) for each in ids),
                        at=Instant(at),
                    )
                )
            case _:
                continue
    return max(found, key=lambda each: each.policy.generation, default=None)


def root_public(devices: Devices) -> RootPublic:
    """Return the public half of the owner's root, as this device's chain has it."""
    return RootPublic(read_certificate(devices.me.chain[0]).root_public)


def held(devices: Devices) -> list[Held]:
    """Return the shares that are held here, one of each person."""
    newest: dict[ContactId, Held] = {}
    for _, note in devices.home.replica.state.notes(HELD_KIND):
        match note.told:
            case [bytes(root), str(called), bytes(paper), str(words), int(at)] if words:
                policy = read_policy(paper, RootPublic(root))
                one = Held(
                    owner=ContactId(fingerprint(root)),
                    called=called,
                    policy=policy,
                    words=words,
                    place=policy.shares.index(commitment(devices.me.root, words)) + 1,
                    at=Instant(at),
                )
                known = newest.get(one.owner)
                if known is None or known.policy.generation < policy.generation:
                    newest[one.owner] = one
            case _:
                continue
    return sorted(newest.values(), key=lambda each: (each.called, each.owner))


def kinds_of_recovery(devices: Devices) -> Mapping[str, Handler]:
    """Return who takes letters that bring shares."""

    def came(_known: Known, letter: Letter) -> None:
        match unpack(letter.body):
            case [1, bytes(paper), str(words)]:
                policy = read_policy(paper, letter.root)
            case _:
                raise InvalidEncodingError("no share of a recovery secret")
        # THREAT T570: a share is for whom the policy of its own set commits to
        if words and commitment(devices.me.root, words) not in policy.shares:
            raise DeniedError("a share that is of another set, or for somebody else")
        if words and needed_of(words) != policy.needed:
            raise DeniedError("a share of another set")
        _keep(devices, letter, policy, paper, words)

    return {Kind.RECOVERY: came}


# --- inside ---


def _keep(devices: Devices, letter: Letter, policy: SetPolicy, paper: bytes, words: str) -> None:
    """Keep what came of the newest set, and let shares of older ones go."""
    own, draft = letter.sender[:_KEY], Draft(devices.home.replica)
    for key, note in list(devices.home.replica.state.notes(HELD_KIND)):
        if key[:_KEY] != own or note.told is None:
            continue
        generation = int.from_bytes(key[_KEY:], "big")
        # THREAT T572: an older letter, shown again, brings no older share back
        if generation >= policy.generation:
            return
        draft.note(HELD_KIND, key, None)
    told: Plain = [letter.root, letter.name, paper, words, devices.now()]
    draft.note(HELD_KIND, _key(own, policy.generation), told)
    devices.keeping.contact_told("recovery-held" if words else "recovery-ended")
    draft.commit()


def _key(own: bytes, generation: int) -> bytes:
    return own + generation.to_bytes(_KEY, "big")


def _told(told: bytes) -> SetPolicy:
    match unpack(told):
        case [1, bytes(root), int(generation), int(needed), list(shares)] if (
            0 < generation < 1 << 63
            and FEWEST <= needed <= len(shares) <= MOST
            and all(type(each) is bytes and len(each) == len(root) for each in shares)
        ):
            return SetPolicy(
                root=RootId(root),
                generation=generation,
                needed=needed,
                shares=tuple(shares),
            )
        case _:
            raise InvalidEncodingError("no policy of shares")
