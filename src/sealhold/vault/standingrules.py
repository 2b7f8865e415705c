"""The owner's standing rules: one row each, with the document that the vault signed; what they did.

- The rows decide. The signed rule is sealed beside the effect, and read only if the signature fits.
- Of each request that a rule answered a row stays, with the bits that it let pass: the sum of a
  month is made of them, also once the rule is gone.

Source: docs/spec/39-dataware.md section 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Id16, Kind, RequestId, parse_id
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.standing import MEDIA_TYPE, Effect, Rule, month_of, parse_rule, to_document
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.papers import Papers

RULES = TableSpec(
    name="standing_rule",
    columns={"id": ColumnKind.ID16, "effect": ColumnKind.CODE, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
RULED = TableSpec(
    name="ruled",
    columns={
        "request": ColumnKind.ID16,
        "rule": ColumnKind.ID16,
        "effect": ColumnKind.CODE,
        "at": ColumnKind.I64,
        "bits": ColumnKind.I64,  # micro-bits that it let pass
    },
    key=("request",),
    indexes={},
)
DECIDING = (RULES, RULED)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as it is kept."""

    rule: Rule
    digest: bytes  # 32: of the signed document, as the log names it
    v: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that a rule answered."""

    request: RequestId
    rule: Id16
    effect: Effect
    at: Instant
    bits: MicroBits


class StandingRules:
    """The rules of one vault."""

    def __init__(self, deciding: Deciding, papers: Papers, signer: SigningKey) -> None:
        self._deciding = deciding
        self._papers = papers
        self._signer = signer

    def all(self) -> list[RuleRow]:
        """Return every rule, the oldest first.

        Raises:
            BadSignatureError: one of them is not what was signed.
        """
        found = [self._row(each) for each in self._deciding.all(RULES.name)]
        return sorted(found, key=lambda each: (each.rule.written, each.rule.id))

    def find(self, text: str) -> RuleRow:
        """Return the rule that an id means.

        Raises:
            NotFoundError: there is none.
        """
        tail = parse_id(Kind.POLICY, text)
        for found in self._deciding.all(RULES.name):
            if found.row[0].endswith(tail):
                return self._row(found)
        raise NotFoundError(f"no rule `{text}`")

    def add(self, rule: Rule) -> tuple[RuleRow, Op]:
        """Return a new rule, signed, and the operation that keeps it."""
        envelope = dsse.sign(MEDIA_TYPE, to_json(to_document(rule)), [self._signer])
        clear = (rule.id, rule.effect.value)
        paper = self._papers.seal(RULES.name, clear, {"rule": envelope})
        kept = Put(RULES.name, (*clear, paper), Expect.ABSENT)
        return RuleRow(rule, sha256(envelope), 1), kept

    @staticmethod
    def remove(row: RuleRow) -> Op:
        """Return the operation that takes a rule back."""
        return Delete(RULES.name, (row.rule.id,), row.v)

    @staticmethod
    def guard(row: RuleRow) -> Op:
        """Return what fails a commit if the rule was taken back meanwhile."""
        return Guard(RULES.name, (row.rule.id,), row.v)

    def note(self, answered: Answered) -> Op:
        """Return the operation that keeps what a rule said to a request."""
        row = (
            answered.request,
            answered.rule,
            answered.effect.value,
            answered.at,
            int(answered.bits),
        )
        return Put(RULED.name, row, Expect.ABSENT)

    def answered(self) -> Iterator[Answered]:
        """Yield each request that a rule answered, in no order."""
        for found in self._deciding.all(RULED.name):
            request, rule, effect, at, bits = found.row
            yield Answered(RequestId(request), Id16(rule), Effect(effect), at, bits)

    def spent(self, now: Instant) -> dict[Id16, MicroBits]:
        """Return what each rule let pass in the calendar month of `now`."""
        begin, after = month_of(now)
        sums: dict[Id16, MicroBits] = {}
        for each in self.answered():
            if begin <= each.at < after:
                sums[each.rule] = MicroBits(sums.get(each.rule, 0) + each.bits)
        return sums

    def _row(self, found: Found) -> RuleRow:
        rule, effect, paper = found.row
        envelope = self._papers.open(RULES.name, (rule, effect), paper)["rule"]
        opened = dsse.open(envelope, MEDIA_TYPE, [self._signer.public])
        return RuleRow(parse_rule(from_json(opened.payload)), sha256(envelope), found.v)
