"""What each app may keep of its people: fields with category, term, purposes and lookup.

- The owner lays it down. An app without a schema keeps nobody; a field outside of it is refused.
- A schema only grows: a field that is there is neither taken out nor found in another way, because
  values of it are kept already. Purposes and terms may change, and bind the next decision.
- Where a mask is loosened, each processing that gets more by it begins an edition, in the commit
  that lays the mask down: what people said was said to less.
- Schemas decide, so they are among the rows under the set hash.

Source: docs/spec/24-people.md section 3.
"""

import re
from typing import Any

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import ConflictError, InvalidError
from sealhold.model.ids import AppId, FieldName, ProcessingId
from sealhold.model.people import FieldRule, Lookup, Mask, Rules
from sealhold.model.processing import ProcessingState
from sealhold.policy import dpv
from sealhold.policy.profiles import loosened
from sealhold.stores.spec import Expect, Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.processings import Processings
from sealhold.vault.registry import App, Registry
from sealhold.vault.schemarows import SCHEMAS, Schema
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
CATEGORY = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
MAX_FIELDS = 100
MAX_DAYS = 36_500


class Schemas:
    """The schemas of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._processings = Processings(core)
        self._opened: dict[AppId, tuple[Found, Schema]] = {}  # of the rows that decide
        self._teller = Teller(core.keys)

    def get(self, app: AppId) -> Schema | None:
        """Return an app's schema, if it has one."""
        found = self._core.deciding.get(SCHEMAS.name, app)
        return None if found is None else self._schema(found)

    def lay_down(self, app: App, rules: Rules) -> Schema:
        """Lay down what an app may keep; from then on it can make people. Return the schema.

        Raises:
            InvalidError: a rule breaks the format, or takes away what is kept already.
            UnknownPurposeError: a purpose is none.
            ConflictError: somebody else laid down another at this moment.
        """
        op = self.change(app.id, rules)
        keyring = self._core.keyring
        keyring.add_app(app.id)  # first the keys: a schema without them keeps nobody
        for name, rule in rules.items():
            if rule.lookup is not Lookup.NONE:
                keyring.add_field(app.id, name)
        event = Event(
            kind=EventKind.SCHEMA,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            app=app.id,
            fields=tuple(sorted(rules)),
        )
        # THREAT T360: whoever gets more than when people said yes asks them anew, from here on
        ops, entries = self._processings.reopened(app.id, self.reopened_by(app.id, rules))
        work = Work((Registry.guard(app), op, *ops), (self._teller.entry(event), *entries))
        self._core.writer.commit(work)
        found = self._core.deciding.get(SCHEMAS.name, app.id)
        if found is None:
            raise ConflictError("the schema is gone")
        return self._schema(found)

    def reopened_by(self, app: AppId, rules: Rules) -> dict[ProcessingId, frozenset[FieldName]]:
        """Return the processings that would get more of people, and of which fields."""
        before = self.get(app)
        found = {
            each.id: each.terms.fields & loosened(before.rules, rules, each.terms.purpose)
            for each in self._processings.of_app(app)
            if before is not None and each.state is not ProcessingState.RETIRED
        }
        return {processing: fields for processing, fields in found.items() if fields}

    def change(self, app: AppId, rules: Rules) -> Op:
        """Return the operation that lays down `rules` for an app.

        Raises:
            InvalidError: a rule breaks the format, or takes away what is kept already.
            UnknownPurposeError: a purpose is none.
        """
        before = self.get(app)
        _check(rules)
        if before is not None:
            _check_growth(before.rules, rules)
        clear = (app, before.version + 1 if before else 1)
        paper = {name: _plain(rule) for name, rule in rules.items()}
        expect = before.v if before else Expect.ABSENT
        return Put(
            SCHEMAS.name, (*clear, self._core.papers.seal(SCHEMAS.name, clear, paper)), expect
        )

    def _schema(self, found: Found) -> Schema:
        app, version, sealed = found.row
        known = self._opened.get(app)
        if known is not None and known[0] is found:
            return known[1]
        paper = self._core.papers.open(SCHEMAS.name, (app, version), sealed)
        rules = {FieldName(name): _rule(plain) for name, plain in paper.items()}
        schema = Schema(app=app, version=version, rules=rules, v=found.v)
        self._opened[app] = found, schema
        return schema


def _check(rules: Rules) -> None:
    if not 0 < len(rules) <= MAX_FIELDS:
        raise InvalidError(f"a schema has 1 to {MAX_FIELDS} fields")
    for name, rule in rules.items():
        if not NAME.fullmatch(name):
            raise InvalidError("a field's name has 1 to 32 of a-z, 0-9 and _, a letter first")
        if not CATEGORY.fullmatch(rule.category):
            raise InvalidError(f"`{name}`: a category is a term such as `EmailAddress`")
        if not 0 <= rule.retention_days <= MAX_DAYS:
            raise InvalidError(f"`{name}`: a term has 0 to {MAX_DAYS} days")
        if not rule.purposes:
            raise InvalidError(f"`{name}`: a field has a purpose at least")
        for purpose in rule.purposes | rule.whole_for:
            dpv.require(purpose)
        if rule.whole_for and rule.mask is Mask.NONE:
            raise InvalidError(f"`{name}`: without a mask every purpose gets the whole")


def _check_growth(before: Rules, after: Rules) -> None:
    gone = before.keys() - after.keys()
    if gone:
        raise InvalidError(f"`{min(gone)}` is in the schema already, and cannot be taken out")
    for name, rule in before.items():
        if after[name].lookup is not rule.lookup:
            raise InvalidError(f"`{name}`: how people are found by it cannot change")


def _plain(rule: FieldRule) -> list[object]:
    purposes = sorted(rule.purposes)
    plain = [rule.category, rule.sensitive, rule.retention_days, purposes, rule.lookup.value]
    return plain if rule.mask is Mask.NONE else [*plain, rule.mask.value, sorted(rule.whole_for)]


def _rule(plain: list[Any]) -> FieldRule:
    category, sensitive, days, purposes, lookup, *masking = plain
    mask, whole_for = masking or (Mask.NONE.value, [])
    return FieldRule(
        category=category,
        sensitive=sensitive,
        retention_days=days,
        purposes=frozenset(map(dpv.require, purposes)),
        lookup=Lookup(lookup),
        mask=Mask(mask),
        whole_for=frozenset(map(dpv.require, whole_for)),
    )
