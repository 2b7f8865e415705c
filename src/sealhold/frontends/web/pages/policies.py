"""Rules written ahead, the media that grants hang on, and what may run at which source.

- A rule takes two steps: what it would have done with the requests so far, which changes nothing,
  and a form with the passphrase. Ending what narrows takes the passphrase too.
- From a request a rule is filled in; whoever reads it still sees first what it would do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import InvalidError, NotFoundError, SealholdError, WrongPassphraseError
from sealhold.model.ids import canonical
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import MICRO, MicroBits, show_bits
from sealhold.model.shown import GrantView, RequestState
from sealhold.model.shown.dataware import AckState, ComponentView, RuleDraft, RuleLook

EFFECTS = ("allow", "ask", "deny", "show")
DIGITS = 9  # of a number of bits as it is typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A rule as the form shows it."""

    effect: str = ""  # nothing is chosen beforehand
    whole_key: bool = False  # all apps that sign with the same key
    apps: frozenset[str] = frozenset()
    purpose: str = ""
    datasets: frozenset[str] = frozenset()
    columns: str = ""
    bits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A grant, and where it may run."""

    grant: GrantView
    parts: tuple[ComponentView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A medium, and the grants that hang on it, by what they are for."""

    view: PolicyTokenView
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _More:
    """What the page says besides."""

    said: Said = field(default_factory=Said)
    look: RuleLook | None = None
    trouble: SealholdError | None = None
    status: int = 200
    is_open: bool = False  # the form is what the reader came for


def show(visit: Visit) -> Outcome:
    """Return the rules; with a rule in the query, what it would have done so far."""
    if "from" in visit.query:
        return _page(visit, _More(said=_of_request(visit), is_open=True))
    if "effect" not in visit.query:
        return _page(visit)
    said = _said(visit.query)
    try:
        look = visit.vault.dataware.policies.look(_draft(said))
    except (InvalidError, NotFoundError) as err:
        return _page(visit, _More(said=said, trouble=err, status=409, is_open=True))
    return _page(visit, _More(said=said, look=look, is_open=True))


def add(visit: Visit) -> Outcome:
    """Keep a rule."""
    said = _said(visit.form)
    policies = visit.vault.dataware.policies
    try:
        rule = policies.add(_draft(said), visit.form.one("passphrase"))
    except WrongPassphraseError as err:
        look = policies.look(_draft(said))
        return _page(visit, _More(said=said, look=look, trouble=err, status=403, is_open=True))
    return Go(to=f"/policies#rule-{canonical(rule.id)}")


def remove(visit: Visit) -> Outcome:
    """Take a rule back."""
    try:
        visit.vault.dataware.policies.remove(visit.names["id"], visit.form.one("passphrase"))
    except WrongPassphraseError as err:
        return _page(visit, _More(trouble=err, status=403))
    return Go(to="/policies")


def revoke_token(visit: Visit) -> Outcome:
    """End a token, wherever its medium is."""
    try:
        visit.vault.dataware.tokens.revoke(visit.names["id"], visit.form.one("passphrase"))
    except WrongPassphraseError as err:
        return _page(visit, _More(trouble=err, status=403))
    return Go(to="/policies#media")


def _of_request(visit: Visit) -> Said:
    """Return the rule that would say of a request what its owner wants always or never."""
    card = visit.vault.requests.show(visit.query.one("from"))
    is_yes = visit.query.one("effect") == "allow"
    return Said(
        effect="allow" if is_yes else "deny",
        apps=frozenset({canonical(card.asker.app)}),
        purpose=card.purpose,
        datasets=frozenset({card.collection}),
        # a no takes hold of any column, so it names none
        columns=", ".join(sorted(card.asked_terms.fields)) if is_yes else "",
        bits=show_bits(card.asked_terms.budget) if is_yes else "",
    )


def _said(fields: Fields) -> Said:
    return Said(
        effect=fields.one("effect"),
        whole_key=fields.one("who") == "key",
        apps=frozenset(fields.many("app")),
        purpose=fields.one("purpose"),
        datasets=frozenset(fields.many("dataset")),
        columns=fields.one("columns").strip(),
        bits=fields.one("bits").strip(),
    )


def _draft(said: Said) -> RuleDraft:
    """Return the rule as the vault takes it.

    Raises:
        InvalidError: no number of bits.
    """
    apps = tuple(sorted(said.apps))
    columns = (each.strip() for each in said.columns.split(","))
    return RuleDraft(
        effect=said.effect,
        apps=() if said.whole_key else apps,
        processors=apps if said.whole_key else (),
        purposes=(said.purpose,) if said.purpose else (),
        datasets=tuple(sorted(said.datasets)),
        columns=tuple(sorted({each for each in columns if each})),
        bits=_bits(said.bits) if said.effect == "allow" else MicroBits(0),
    )


def _bits(text: str) -> MicroBits:
    try:
        found = Decimal(text or "0") * MICRO if len(text) <= DIGITS else Decimal("NaN")
    except InvalidOperation as err:
        raise InvalidError("not a number of bits") from err
    if not found.is_finite() or found < 0:
        raise InvalidError("not a number of bits")
    return MicroBits(int(found))


def _page(visit: Visit, more: _More | None = None) -> Page:
    more = more or _More()
    dataware = visit.vault.dataware
    grants = {grant.id: grant for grant in visit.vault.grants.list()}
    return Page(
        template="policies.html",
        status=more.status,
        values={
            "rules": dataware.policies.list(),
            "showing": tuple(each for each in dataware.policies.showing() if each.datasets),
            "choices": dataware.policies.choices(),
            "apps": visit.vault.apps.list(),
            "effects": EFFECTS,
            "said": more.said,
            "look": more.look,
            "trouble": more.trouble,
            "is_open": more.is_open,
            "tokens": _tokens(visit, grants.values()),
            "running": _running(visit),
        },
    )


def _tokens(visit: Visit, grants: Iterable[GrantView]) -> tuple[Token, ...]:
    names = {grant.id: f"{grant.app_name}: {grant.label}" for grant in grants}
    return tuple(
        Token(view=each, grants=tuple(names.get(one, canonical(one)) for one in each.grants))
        for each in visit.vault.dataware.tokens.all()
    )


def _running(visit: Visit) -> tuple[Running, ...]:
    """Return the grants that a source may run, or has not said yet that it ended."""
    found = []
    for grant in visit.vault.grants.list():
        parts = visit.vault.grants.show(canonical(grant.id))[1]
        waits = any(each.state is AckState.PENDING for each in parts)
        if parts and (grant.state is RequestState.ALLOWED or waits):
            found.append(Running(grant=grant, parts=parts))
    return tuple(found)
