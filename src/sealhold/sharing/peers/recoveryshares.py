"""Shares of the recovery secret that contacts hold.

- The policy of a set is signed by the root, which only the recovery secret opens: a stolen device
  makes no set and ends none. It commits to each share and its holder, and names no holder.
- A holder keeps the share of the newest set of each person; a newer set takes its place, and who
  has no share in it lets the old one go. It ends the recoveries that were opened under an older.
- The policy says how long holders hold back, and which of them is the heir, if one is.

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
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.certs import read_certificate
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.me import root_of
from sealhold.sharing.devices.recovery import (
    MAX_WINDOW_MS,
    WAITING_MS,
    WINDOW_MS,
    RecoveryPolicy,
)
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letter import Kind, Letter
from sealhold.sharing.peers.letters import Handler, Letters

SET_KIND, HELD_KIND = "recovery-set", "held-share"  # of notes
OPENED_KIND, ENDED_KIND = "held-recovery", "held-ended"  # by what a recovery is called
MAX_WAITING_MS = 3_650 * DAY  # of an heir
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
    window_ms: int = WINDOW_MS
    heir: int = 0  # whose share is the heir's, from 1; 0: there is none
    waiting_ms: int = WAITING_MS  # of the heir

    @property
    def rules(self) -> RecoveryPolicy:
        """The rules of a recovery under it."""
        return RecoveryPolicy(
            generation=self.generation,
            needed=self.needed,
            window_ms=self.window_ms,
            waiting_ms=self.waiting_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long holders hold a share back, and from whom."""

    window_ms: int = WINDOW_MS  # at most 30 days; 0: not at all
    heir: ContactId | None = None  # one of the holders
    waiting_ms: int = WAITING_MS  # of the heir; a day or more

    def __post_init__(self) -> None:
        if not 0 <= self.window_ms <= MAX_WINDOW_MS:
            raise InvalidError("a window of 0 to 30 days")
        if not DAY <= self.waiting_ms <= MAX_WAITING_MS:
            raise InvalidError("an heir waits for 1 to 3,650 days")


PLAIN = Terms()


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
    root: RootPublic  # of the owner
    called: str  # as the owner called themselves
    policy: SetPolicy
    words: str
    place: int  # in the set, from 1
    at: Instant

    @property
    def digest(self) -> bytes:
        """What may be shown of the share: 32 bytes."""
        return words_digest(self.words)


def write_policy(policy: SetPolicy, root: RootIdentity) -> bytes:
    """Return a policy, signed by the root."""
    shares = list(policy.shares)
    about: list[Plain] = [_FORM, policy.root, policy.generation, policy.needed, shares]
    told = pack([*about, policy.window_ms, policy.heir, policy.waiting_ms])
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


def words_digest(words: str) -> bytes:
    """Return what a holder may show of a share, which tells nothing of it: 32 bytes."""
    return tagged(Tag.RECOVERY_WORDS, words.encode())


def commitment(holder: bytes, digest: bytes) -> bytes:
    """Return what a policy says of a share, by its digest, and of its holder's root id: 32 bytes.

    Who is shown the digest and a signature of the holder sees that the share is of the set.
    """
    return tagged(Tag.RECOVERY_SHARE, holder, digest)


def send(
    devices: Devices,
    letters: Letters,
    text: str,
    shares: Sequence[tuple[Known, str]],
    gone: Iterable[Known],
    terms: Terms = PLAIN,
) -> SetPolicy:
    """Give each of some contacts a share, in one commit; the letters go with the next rounds.

    Args:
        devices: of the owner.
        letters: of the owner.
        text: the recovery secret as it stands on paper.
        shares: each holder, and the words of their share.
        gone: contacts that had a share of the set before, and have none of this one.
        terms: how long holders hold back, and who is the heir.

    Raises:
        DeniedError: a contact is not verified, or paused.
        InvalidError: one stands twice, the heir has no share, or no recovery secret.
        NotFoundError: the root is not here under a recovery secret.
        SealBrokenError: it is under another one.
    """
    ids = [known.id for known, _ in shares]
    if len(set(ids)) != len(ids):
        raise InvalidError("a person holds one share of a set")
    if terms.heir is not None and terms.heir not in ids:
        raise InvalidError("an heir is one of those who get a share")
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
        shares=tuple(commitment(known.id, words_digest(words)) for known, words in shares),
        window_ms=terms.window_ms,
        heir=0 if terms.heir is None else ids.index(terms.heir) + 1,
        waiting_ms=terms.waiting_ms,
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
    return max(own_sets(devices), key=lambda each: each.policy.generation, default=None)


def own_sets(devices: Devices) -> list[OwnSet]:
    """Return the sets that the owner gave away, in the order of their generations."""
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
    return found


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
                    root=RootPublic(root),
                    called=called,
                    policy=policy,
                    words=words,
                    place=_place(policy, devices.me.root, words),
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
        if words and commitment(devices.me.root, words_digest(words)) not in policy.shares:
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
    # THREAT T580: what the present root signs anew ends what somebody opened under an older policy
    for key, note in list(devices.home.replica.state.notes(OPENED_KIND)):
        match note.told:
            case [bytes(owner), *_] if owner == letter.sender:
                if devices.home.replica.state.note(ENDED_KIND, key) is None:
                    draft.note(ENDED_KIND, key, devices.now())
            case _:
                continue
    told: Plain = [letter.root, letter.name, paper, words, devices.now()]
    draft.note(HELD_KIND, _key(own, policy.generation), told)
    devices.keeping.contact_told("recovery-held" if words else "recovery-ended")
    draft.commit()


def _key(own: bytes, generation: int) -> bytes:
    return own + generation.to_bytes(_KEY, "big")


def _place(policy: SetPolicy, holder: bytes, words: str) -> int:
    return policy.shares.index(commitment(holder, words_digest(words))) + 1


def _told(told: bytes) -> SetPolicy:
    match unpack(told):
        case [
            1,
            bytes(root),
            int(generation),
            int(needed),
            list(shares),
            int(window),
            int(heir),
            int(waiting),
        ] if (
            0 < generation < 1 << 63
            and FEWEST <= needed <= len(shares) <= MOST
            and all(type(each) is bytes and len(each) == len(root) for each in shares)
            and 0 <= window <= MAX_WINDOW_MS
            and 0 <= heir <= len(shares)
            and DAY <= waiting <= MAX_WAITING_MS
        ):
            return SetPolicy(
                root=RootId(root),
                generation=generation,
                needed=needed,
                shares=tuple(shares),
                window_ms=window,
                heir=heir,
                waiting_ms=waiting,
            )
        case _:
            raise InvalidEncodingError("no policy of shares")
