"""The recipient's side of a use: asking for it, waiting for the answer, and leaving a receipt.

- At T2 the device draws a one-time key, asks, and opens what comes for it; the key is forgotten
  once it was used. At T1 this node decides by the paper; that nothing hinders a changed node is
  said wherever the share is shown.
- A receipt is durable before anything is shown. Each device has a chain of them for each share.

Source: docs/spec/52-share-spaces.md section 4; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sealhold.audit.receipt import Receipt, issue, receipt_digest
from sealhold.audit.receiptbody import UseBody
from sealhold.audit.usechain import FIRST
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, NotFoundError, TamperedError
from sealhold.model.ids import ContactId, GrantId, Id16, Purpose, ReceiptId
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.sharedecide import decide_use, require
from sealhold.policy.sharefacts import DeviceRole, Thing, Use, Used, time_of
from sealhold.policy.shareterms import Action, Tier
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import KeptSecret, Step
from sealhold.sharing.devices.saying import ASK, OWN, USE, own_key
from sealhold.sharing.peers.answering import WHERE, answers_of, facts_of
from sealhold.sharing.peers.sharepaper import Paper, papers
from sealhold.sharing.peers.usekeys import opened_for_use
from sealhold.sharing.peers.usenotes import Ask, given_key, open_answer
from sealhold.sharing.peers.usereceipts import receipts

WAITING = "ask"  # kind of the secrets that open answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to do with what is shared with them."""

    grant: GrantId
    thing: Id16
    action: Action
    purpose: Purpose


class Asking:
    """Uses of what another person shares. For one thread."""

    def __init__(self, devices: Devices, opened: Open) -> None:
        """Look at a space.

        Raises:
            NotFoundError: it is no other person's.
        """
        if not opened.is_foreign:
            raise NotFoundError("nothing that another person shares")
        self._devices, self._opened = devices, opened

    def paper(self, grant: GrantId) -> Paper:
        """Return the paper of a share.

        Raises:
            NotFoundError: there is none, or it is for somebody else.
        """
        who = ContactId(self._devices.me.root)
        for each in papers(self._opened):
            if each.grant == grant and who in each.clauses.who:
                return each
        raise NotFoundError("no such share")

    def ask(self, wish: Wish) -> bytes:
        """Ask for a use, durably; return the key of the ask, 16 bytes.

        Raises:
            NotFoundError: no such share, or nothing stands under that object.
            DeniedError: by the paper it would be refused.
        """
        paper = self.paper(wish.grant)
        version = self._standing(wish.thing) if paper.clauses.tier is not Tier.ANSWER else bytes(16)
        require(decide_use(self._use(wish, paper), facts_of(paper, self._now(), Used())))
        devices, entropy = self._devices, self._devices.entropy
        secret = new_key(entropy, "one-time key")
        key = own_key(devices.me.id, entropy(16 - OWN))
        ask = Ask(
            grant=wish.grant,
            thing=wish.thing,
            version=version,
            action=wish.action,
            purpose=wish.purpose,
            box=BoxKey(secret).public,
            at=devices.now(),
        )
        draft = Draft(self._opened.replica)
        draft.note(ASK, key, ask.told())
        told = [secret.reveal(), wish.grant, wish.thing, version, wish.action.value, wish.purpose]
        draft.commit(Step(secrets=[KeptSecret(WAITING, key, told)]))
        return key

    def waiting(self) -> list[tuple[bytes, Wish]]:
        """Return the asks of this device that were not used yet, with what was wished."""
        return [(key, wish) for key, (_, wish, _) in self._kept().items()]

    def given(self, key: bytes) -> tuple[int, bytes] | None:
        """Return the number of a use and what it was given; None if there is no answer yet.

        Raises:
            NotFoundError: this device did not ask, or used it already.
            DeniedError: the owner's device said no.
            TamperedError: the answer is not what must be.
        """
        kept = self._kept().get(key)
        if kept is None:
            raise NotFoundError("no such ask of this device, or it was used")
        answer = answers_of(self._opened).get(key)
        if answer is None:
            return None
        if not answer.is_permitted:
            self._forget(key, Draft(self._opened.replica))
            raise DeniedError
        box, _, _ = kept
        return answer.number, open_answer(answer.sealed, box, self._opened.about.id, key)

    def used(self, key: bytes) -> Iterator[bytes] | None:
        """Use what was asked for at T2: leave a receipt, and return the content; None: no answer.

        Raises:
            NotFoundError: this device did not ask, or used it already.
            DeniedError: the owner's device said no.
            TamperedError: the answer, or the content, is not what must be.
        """
        came = self.given(key)
        if came is None:
            return None
        number, given = came
        _, wish, version = self._kept()[key]
        use = given_key(given)
        state = self._opened.replica.state
        if version not in state:
            raise NotFoundError("that version is not there any more")
        draft = Draft(self._opened.replica)
        self._receipt(draft, self.paper(wish.grant), wish, version, number, key)
        self._forget(key, draft)
        sealed = self._opened.bodies.read(state.content(version))
        return opened_for_use(sealed, use, wish.thing, version)

    def answered(self, key: bytes, read: Callable[[bytes], int]) -> tuple[int, int] | None:
        """Return number and answer of what was asked of a program; None: no answer yet.

        A receipt is left once the answer was read; one that is none leaves the ask as it is.

        Raises:
            NotFoundError: this device did not ask, or had the answer already.
            DeniedError: the owner's device said no.
            TamperedError: the answer is not what must be.
        """
        came = self.given(key)
        if came is None:
            return None
        number, given = came
        answer = read(given)
        _, wish, version = self._kept()[key]
        draft = Draft(self._opened.replica)
        self._receipt(draft, self.paper(wish.grant), wish, version, number, key)
        self._forget(key, draft)
        return number, answer

    def opened(self, wish: Wish) -> Iterator[bytes]:
        """Return content of a share whose rules this node, or nobody, keeps: T0 and T1.

        Raises:
            NotFoundError: no such share or object.
            DeniedError: the paper does not permit it; at T1 that was noted.
        """
        paper = self.paper(wish.grant)
        if paper.clauses.tier not in {Tier.COPY, Tier.THEIR_NODE}:
            raise DeniedError
        version = self._standing(wish.thing)
        if paper.clauses.tier is Tier.THEIR_NODE:
            self._decide_here(paper, wish, version)
        state = self._opened.replica.state
        return self._opened.bodies.read(state.content(version))

    # --- inside ---

    def _decide_here(self, paper: Paper, wish: Wish, version: bytes) -> None:
        done = [each for each in receipts(self._opened, paper.grant) if each.body.permitted]
        today = self._now() // DAY
        used = Used(
            grant=len(done),
            day=sum(each.at // DAY == today for each in done),
            people={ContactId(self._devices.me.root): len(done)},
        )
        decision = decide_use(self._use(wish, paper), facts_of(paper, self._now(), used))
        draft = Draft(self._opened.replica)
        key = own_key(self._devices.me.id, self._devices.entropy(16 - OWN))
        number = len(done) + 1 if decision.permit and paper.clauses.count is not None else None
        self._receipt(draft, paper, wish, version, number, key, permitted=decision.permit)
        draft.commit()
        require(decision)

    def _receipt(  # reason: what a receipt says
        self,
        draft: Draft,
        paper: Paper,
        wish: Wish,
        version: bytes,
        number: int | None,
        key: bytes,
        *,
        permitted: bool = True,
    ) -> None:
        me = self._devices.me
        own = [each for each in receipts(self._opened, paper.grant) if each.device == me.id]
        last = max(own, key=lambda each: each.body.seq, default=None)
        body = UseBody(
            seq=1 if last is None else last.body.seq + 1,
            prev=FIRST if last is None else receipt_digest(last.data),
            object=wish.thing,
            version=Id16(version),
            action=wish.action,
            purpose=wish.purpose,
            permitted=permitted,
            tier=paper.clauses.tier,
            counter=number,
        )
        receipt = Receipt(
            id=ReceiptId(Id16(self._devices.entropy(16))),
            at=self._devices.now(),
            about=Id16(paper.grant),
            audit=None,
            body=body,
        )
        draft.note(USE, key, issue(receipt, me.keys.signer))

    def _use(self, wish: Wish, paper: Paper) -> Use:
        return Use(
            who=ContactId(self._devices.me.root),
            device=DeviceRole.FULL,
            action=wish.action,
            purpose=wish.purpose,
            thing=Thing(id=wish.thing, dataset=WHERE),
            task=paper.clauses.task,
        )

    def _now(self) -> Instant:
        signed = max((each.said for each in papers(self._opened)), default=Instant(0))
        return time_of(self._devices.now(), signed)

    def _standing(self, thing: bytes) -> bytes:
        standing = self._opened.replica.state.versions.standing(thing).shown
        if standing is None:
            raise NotFoundError("nothing is shared under that name")
        return standing.id

    def _kept(self) -> dict[bytes, tuple[Secret, Wish, bytes]]:
        found: dict[bytes, tuple[Secret, Wish, bytes]] = {}
        for each in self._devices.keeping.secrets(self._opened.about.id):
            if each.kind == WAITING:
                found[each.id] = _waiting(each.told)
        return found

    def _forget(self, key: bytes, draft: Draft) -> None:
        step = Step(gone_secrets=[(WAITING, key)])
        if len(draft):
            draft.commit(step)
        else:
            self._devices.keeping.save(self._opened.about.id, step)


def _waiting(told: Plain) -> tuple[Secret, Wish, bytes]:
    match told:
        case [
            bytes(box),
            bytes(grant),
            bytes(thing),
            bytes(version),
            str(action),
            str(purpose),
        ]:
            wish = Wish(
                grant=GrantId(Id16(grant)),
                thing=Id16(thing),
                action=Action(action),
                purpose=Purpose(purpose),
            )
            return Secret(box, "one-time key"), wish, version
        case _:
            raise TamperedError("what was kept of an ask is not what was written")
