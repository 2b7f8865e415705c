"""Standing rules that narrow, on all devices of a person: a no on one of them is one on each.

- A rule that denies or asks, and names no app of one vault, is a note under its id. Each device
  keeps it as a rule of its own, which its own vault signs.
- What allows or shows stays where the passphrase was typed for it.
- Whoever wrote a rule, or an admin, takes it back for all. On another device it is taken back for
  that one alone.

Source: docs/spec/50-vault-in-sync.md section 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NoEpochError, TamperedError
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.policy.standing import Effect, Rule, parse_rule, to_document
from sealhold.sharing.devices.certs import SPEAKERS, Role
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import KeptSecret, Step
from sealhold.sharing.devices.state import Note
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.standingrules import RULES, RuleRow, StandingRules
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

RULE: Final = "rule"  # kind of the notes, and of what is kept of each
MOST: Final = 1_000  # rules of other devices that are kept here
NARROWS: Final = (Effect.DENY, Effect.ASK)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known of the rules in one round."""

    here: Mapping[Id16, RuleRow]
    authors: Mapping[Id16, bytes]  # of those that stood here, as it was kept
    authors_now: dict[Id16, bytes | None] = field(default_factory=dict)  # None: it stands no more
    tell: dict[Id16, Plain] = field(default_factory=dict)  # None: it is taken back for all


class RuleSync:
    """The rules of the vault that a collection of records stands for. For one thread."""

    def __init__(self, devices: Devices, opened: Open, core: Core) -> None:
        self._devices = devices
        self._opened = opened
        self._core = core
        self._rules = StandingRules(core.deciding, core.papers, core.keyring.signer("grant-sign"))
        self._teller = Teller(core.keys)
        self._seen: tuple[int, int] | None = None  # what was settled last, by its turns
        self.troubles: list[str] = []  # of the last look, in sentences

    def settle(self) -> bool:
        """Take in what other devices say of rules, and say what was done here.

        Returns whether something was written for others.

        Raises:
            AuditUnavailableError: nothing can be written here.
        """
        now = (self._opened.replica.state.turn, self._core.deciding.turn(RULES.name))
        if now == self._seen:
            return False
        self.troubles = []
        here = {row.rule.id: row for row in self._rules.all()}
        notes = {Id16(key): note for key, note in self._opened.replica.state.notes(RULE)}
        look = _Look(here, self._authors())
        for key, note in notes.items():
            if note.told is None:
                self._ended(look, key, note)
            else:
                self._stands(look, key, note)
        for key, row in here.items():
            if key not in notes and travels(row.rule):
                look.authors_now[key], look.tell[key] = self._devices.me.id, to_document(row.rule)
        is_written = self._tell(look.tell)
        if not is_written:
            for key in look.tell:
                look.authors_now.pop(key, None)
        self._keep(look)
        if is_written:
            self._seen = (self._opened.replica.state.turn, self._core.deciding.turn(RULES.name))
        return is_written and bool(look.tell)

    def _ended(self, look: "_Look", key: Id16, note: Note) -> None:
        """Take a rule back that another device took back, or say it again if that may not."""
        row, author = look.here.get(key), look.authors.get(key)
        if row is not None and not self._may_end(note.device, author):
            if self._may_end(self._devices.me.id, author):
                look.tell[key] = to_document(row.rule)
            return
        if row is not None:
            self._commit(self._rules.remove(row), "taken back by another device", row)
        look.authors_now[key] = None

    def _stands(self, look: "_Look", key: Id16, note: Note) -> None:
        """Keep a rule that another device wrote, or take it back for all if that was done here."""
        author = look.authors.get(key)
        if key in look.here:
            look.authors_now[key] = author or note.device
        elif author is None:
            look.authors_now[key] = self._adopt(key, note)
        elif self._may_end(self._devices.me.id, author):
            look.authors_now[key] = look.tell[key] = None

    def _tell(self, tell: Mapping[Id16, Plain]) -> bool:
        """Write notes; return False if nothing can be written now."""
        draft = Draft(self._opened.replica)
        try:
            for key, told in tell.items():
                draft.note(RULE, key, told)
            draft.commit()
        except NoEpochError:
            return False
        return True

    def _adopt(self, key: Id16, note: Note) -> bytes | None:
        """Keep a rule that came as one of this vault; return who wrote it, None if it is not."""
        member = self._opened.members.state.members.get(DeviceId(Id16(note.device)))
        try:
            rule = parse_rule(note.told)
        except InvalidError as err:
            self.troubles.append(f"a rule of another device is not kept: {err}")
            return None
        # THREAT T592: no device lets anybody in on another one, whoever holds it by now
        is_heard = member is not None and member.certificate.role in SPEAKERS
        if rule.id != key or not travels(rule) or not is_heard:
            self.troubles.append("a rule of another device is not one that it may give")
            return None
        if len(self._rules.all()) >= MOST:
            self.troubles.append(f"a rule of another device is not kept: there are {MOST}")
            return None
        row, kept = self._rules.add(rule)
        self._commit(kept, "came by another device", row)
        return note.device

    def _may_end(self, device: bytes, author: bytes | None) -> bool:
        """Return whether a device may take a rule back for all."""
        member = self._opened.members.state.members.get(DeviceId(Id16(device)))
        # THREAT T592: a device that is no admin ends no rule but its own
        return device == author or (member is not None and member.certificate.role is Role.ADMIN)

    def _authors(self) -> dict[Id16, bytes]:
        """Return who wrote each rule that stood here, as it was kept."""
        return {
            Id16(each.id): _author(each.told)
            for each in self._devices.keeping.secrets(self._opened.about.id)
            if each.kind == RULE
        }

    def _keep(self, look: "_Look") -> None:
        step = Step()
        for key, author in look.authors_now.items():
            if author is None and key in look.authors:
                step.gone_secrets.append((RULE, key))
            elif author is not None and look.authors.get(key) != author:
                step.secrets.append(KeptSecret(RULE, key, author))
        if step.secrets or step.gone_secrets:
            self._devices.keeping.save(self._opened.about.id, step)

    def _commit(self, op: Op, reason: str, row: RuleRow) -> None:
        event = Event(
            kind=EventKind.POLICY,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            reason=reason,
            digest=row.digest,
        )
        self._core.writer.commit(Work((op,), (self._teller.entry(event),)))


def travels(rule: Rule) -> bool:
    """Return whether a rule holds on all devices: it narrows, and names no app of one vault."""
    return rule.effect in NARROWS and not rule.apps


def _author(told: Plain) -> bytes:
    if not isinstance(told, bytes) or len(told) != ID_BYTES:
        raise TamperedError("what was kept of a rule is not what was written")
    return told
