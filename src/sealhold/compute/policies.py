"""Standing rules for the owner, and the answers that they give in the owner's place.

- A rule is written with the passphrase and signed by the vault; so is taking one back, since that
  may widen what passes. It takes hold of requests that come in from then on.
- A yes by rule is the yes that the owner could give, with the same charges and receipt, and ends
  with the month. What needs a yes to single points of it is never given by rule.
- An app cannot tell whether a rule answered or a person: `Outside` says the same in both cases.

Source: docs/spec/39-dataware.md sections 1 and 2.
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute import cards
from sealhold.compute.allowing import ByRule, event_of
from sealhold.compute.asked import Asked
from sealhold.compute.asking import Requests
from sealhold.compute.office import Office, read
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidError, WrongPassphraseError
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    Kind,
    RequestId,
    random_id,
    show,
)
from sealhold.model.quantities import MicroBits, show_bits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import (
    ListedDataset,
    RuleChoices,
    RuleDraft,
    RuledView,
    RuleLook,
    RuleMatch,
    RuleView,
    ShowingView,
)
from sealhold.policy import dpv
from sealhold.policy.names import visible
from sealhold.policy.standing import (
    MAX_NAMED,
    Effect,
    Rule,
    Wanted,
    check,
    judge,
    month_of,
    shown_to,
    takes,
)
from sealhold.vault.catalogue import Catalogue
from sealhold.vault.registry import App
from sealhold.vault.standingrules import Answered, RuleRow, StandingRules
from sealhold.vault.whence import freshness, sources_of
from sealhold.vault.writer import Work

SCHEMA_DIGITS = 16


class Policies:
    """The rules of one vault."""

    def __init__(self, office: Office, requests: Requests) -> None:
        core = office.core
        self._office = office
        self._requests = requests
        self._rules = StandingRules(core.deciding, core.papers, core.keyring.signer("grant-sign"))
        self._catalogue = Catalogue(core.store, core.papers, core.owner)

    # --- what an app hears of ---

    def shown(self, app: App) -> tuple[ListedDataset, ...]:
        """Return the datasets that the rules show to `app`; it is logged that it asked."""
        listed = self._listed(app)
        event = Event(
            kind=EventKind.POLICY,
            actor=Actor.APP,
            subject=self._office.teller.subject,
            app=app.id,
            rows_out=len(listed),
            reason="listed",
        )
        work = Work((), (self._office.teller.entry(event),), releases=True)
        self._office.core.writer.commit(work)
        return listed

    def showing(self) -> tuple[ShowingView, ...]:
        """Return what each app hears of, by the name of the app."""
        apps = sorted(self._office.registry.all(), key=lambda app: app.name)
        return tuple(
            ShowingView(app=app.id, app_name=visible(app.name), datasets=self._listed(app))
            for app in apps
        )

    def _listed(self, app: App) -> tuple[ListedDataset, ...]:
        datasets = self._office.core.datasets
        rules = [row.rule for row in self._holding()]
        return tuple(
            ListedDataset(
                name=name,
                schema=self._schema(name),
                freshness=freshness(sources_of(self._catalogue, name)),
            )
            for name in shown_to(rules, app.id, _processor(app), datasets)
        )

    def _schema(self, name: Collection) -> str:
        columns = self._office.core.datasets[name].columns
        said = [[column.name, column.type.value] for column in columns]
        return sha256(pack(said)).hex()[:SCHEMA_DIGITS]

    # --- the owner's rules ---

    def list(self) -> tuple[RuleView, ...]:
        """Return every rule, the oldest first."""
        return tuple(self._view(row) for row in self._rules.all())

    def show(self, id_text: str) -> RuleView:
        """Return one rule.

        Raises:
            NotFoundError: no rule of that id.
        """
        return self._view(self._rules.find(id_text))

    def choices(self) -> RuleChoices:
        """Return what a rule may name: the datasets with their columns, and the purposes."""
        known = self._office.core.datasets
        words = {purpose: dpv.label(purpose) for purpose in dpv.every()}
        return RuleChoices(
            datasets={
                name: tuple(column.name for column in known[name].columns) for name in sorted(known)
            },
            purposes=dict(sorted(words.items(), key=lambda each: each[1])),
        )

    def look(self, draft: RuleDraft) -> RuleLook:
        """Return what a rule would have had to say of each request so far; nothing changes.

        Raises:
            InvalidError: it is no rule that can be kept.
            NotFoundError: it names an app or dataset that there is not.
            UnknownPurposeError: it names a purpose that there is not.
        """
        rule = self._made(draft)
        rules = [*(row.rule for row in self._rules.all()), rule]
        rows = [row for row in self._office.requests.all() if row.state != RequestState.RECEIVED]
        rows.sort(key=lambda row: (row.state != RequestState.WAITING, -row.received_at))
        found = []
        for row in rows:
            asked = read(self._office, row)
            if takes(rule, _wanted(asked)):
                found.append(self._match(asked, rules))
        return RuleLook(sentence=self._sentence(rule), matches=tuple(found))

    def add(self, draft: RuleDraft, passphrase: str) -> RuleView:
        """Keep a rule; it takes hold of each request that comes in from now on.

        Raises:
            InvalidError: it is no rule that can be kept.
            NotFoundError: it names an app or dataset that there is not.
            UnknownPurposeError: it names a purpose that there is not.
            WrongPassphraseError: the owner is not proven.
        """
        rule = self._made(draft)
        self._prove(passphrase)
        row, kept = self._rules.add(rule)
        self._office.core.writer.commit(Work((kept,), (self._entry("written", row),)))
        return self._view(row)

    def remove(self, id_text: str, passphrase: str) -> RuleView:
        """Take a rule back; what it allowed stays until it is revoked.

        Raises:
            NotFoundError: no rule of that id.
            WrongPassphraseError: the owner is not proven.
        """
        row = self._rules.find(id_text)
        self._prove(passphrase)
        view = self._view(row)
        gone = self._rules.remove(row)
        self._office.core.writer.commit(Work((gone,), (self._entry("removed", row),)))
        return view

    # --- in the owner's place ---

    def answer(self, request: RequestId) -> None:
        """Answer a request that waits, if a rule does; else it goes on waiting."""
        self._requests.answer_by(request, self._said)

    def _said(self, asked: Asked) -> ByRule | None:
        """Return what a rule says to a request, and what is written with it; None: it waits."""
        now = self._office.core.clock()
        rows = {row.rule.id: row for row in self._holding()}
        rules = [row.rule for row in rows.values()]
        ruled = judge(rules, _wanted(asked), self._rules.spent(now))
        if ruled.rule is None or ruled.effect is Effect.ASK:
            return None
        is_yes = ruled.effect is Effect.ALLOW
        terms = cards.asked_terms(asked)
        _, month_ends = month_of(now)
        row = rows[ruled.rule.id]
        noted = Answered(
            request=asked.row.id,
            rule=ruled.rule.id,
            effect=ruled.effect,
            at=now,
            bits=terms.budget if is_yes else MicroBits(0),
        )
        event = event_of(self._office, asked, EventKind.POLICY, Actor.VAULT)
        told = structs.replace(event, reason=ruled.effect.value, digest=row.digest)
        return ByRule(
            # THREAT T411: what passes in a month is used in that month or not at all
            terms=replace(terms, until=min(terms.until, month_ends)) if is_yes else None,
            # THREAT T411: a rule that was taken back meanwhile says nothing any more
            ops=(self._rules.guard(row), self._rules.note(noted)),
            entries=(self._office.teller.entry(told),),
        )

    # --- parts ---

    def _holding(self) -> Sequence[RuleRow]:
        """Return the rules that hold now: not those on a policy token that is away."""
        bonds = self._office.bonds()
        # THREAT T420: looked for at this moment, as for a use under a grant
        return [row for row in self._rules.all() if bonds.carries(row.rule.id)]

    def _made(self, draft: RuleDraft) -> Rule:
        office = self._office
        named = (draft.apps, draft.processors, draft.purposes, draft.datasets, draft.columns)
        if any(len(each) > MAX_NAMED for each in named):
            raise InvalidError(f"a rule names at most {MAX_NAMED} of a kind")
        known = office.core.datasets
        if unknown := sorted(set(draft.datasets) - known.keys()):
            raise InvalidError(f"the vault has no dataset `{unknown[0][:64]}`")
        rule = Rule(
            id=random_id(office.core.entropy),
            effect=_effect(draft.effect),
            apps=frozenset(office.registry.find(each).id for each in draft.apps),
            processors=frozenset(
                _processor(office.registry.find(each)) for each in draft.processors
            ),
            purposes=frozenset(dpv.require(each) for each in draft.purposes),
            datasets=frozenset(map(Collection, draft.datasets)),
            columns=frozenset(map(FieldName, draft.columns)),
            bits=draft.bits,
            written=office.core.clock(),
        )
        check(rule)
        there = {c.name for name in rule.datasets or known for c in known[name].columns}
        if missing := sorted(rule.columns - there):
            raise InvalidError(f"no dataset of the rule has a column `{missing[0][:64]}`")
        return rule

    def _match(self, asked: Asked, rules: Sequence[Rule]) -> RuleMatch:
        row = asked.row
        return RuleMatch(
            request=row.id,
            asker=visible(asked.app.name),
            label=cards.label(asked),
            state=row.state,
            grant=row.grant if row.state is RequestState.ALLOWED else None,
            then=judge(rules, _wanted(asked), {}).effect.value,
        )

    def _view(self, row: RuleRow) -> RuleView:
        rule, office = row.rule, self._office
        mine = [each for each in self._rules.answered() if each.rule == rule.id]
        mine.sort(key=lambda each: -each.at)
        return RuleView(
            id=rule.id,
            effect=rule.effect.value,
            sentence=self._sentence(rule),
            written_at=rule.written,
            holds=office.bonds().carries(rule.id),
            bits=rule.bits,
            told_this_month=self._rules.spent(office.core.clock()).get(rule.id, MicroBits(0)),
            answered=tuple(
                RuledView(
                    request=each.request,
                    effect=each.effect.value,
                    at=each.at,
                    bits=each.bits,
                    state=office.requests.get(each.request).state,
                )
                for each in mine
            ),
        )

    def _sentence(self, rule: Rule) -> str:
        """Return all that a rule says: `Deny anybody: places, trips; columns lat`."""
        who = sorted(self._named(app) for app in rule.apps)
        for digest in sorted(rule.processors):
            apps = [a for a in self._office.registry.all() if _processor(a) == digest]
            name = min((visible(a.name) for a in apps), default=digest.hex()[:12])
            who.append(f"all apps with the key of {name}")
        parts = [", ".join(sorted(rule.datasets)) or "any dataset"]
        if rule.columns:
            parts.append("columns " + ", ".join(sorted(rule.columns)))
        if rule.purposes:
            parts.append("for " + ", ".join(sorted(rule.purposes)))
        if rule.bits:
            parts.append(f"up to {show_bits(rule.bits)} bits a month")
        return f"{rule.effect.capitalize()} {', '.join(who) or 'anybody'}: {'; '.join(parts)}"

    def _named(self, app: AppId) -> str:
        found = next((each for each in self._office.registry.all() if each.id == app), None)
        return visible(found.name) if found else show(Kind.APP, app)

    def _prove(self, passphrase: str) -> None:
        if not self._office.verify(passphrase):
            raise WrongPassphraseError

    def _entry(self, reason: str, row: RuleRow) -> Entry:
        event = Event(
            kind=EventKind.POLICY,
            actor=Actor.OWNER,
            subject=self._office.teller.subject,
            reason=reason,
            digest=row.digest,
        )
        return self._office.teller.entry(event)


def _wanted(asked: Asked) -> Wanted:
    task = asked.signed.task
    return Wanted(
        app=asked.app.id,
        processor=_processor(asked.app),
        purpose=asked.wish.purpose,
        dataset=task.collection,
        columns=task.fields,
        bits=asked.wish.budget,
    )


def _processor(app: App) -> bytes:
    return sha256(app.public)


def _effect(text: str) -> Effect:
    try:
        return Effect(text)
    except ValueError as err:
        known = ", ".join(f"`{each.value}`" for each in Effect)
        raise InvalidError(f"a rule says one of {known}") from err
