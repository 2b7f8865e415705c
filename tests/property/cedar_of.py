"""Shares and uses as Cedar says them: an oracle that somebody else wrote.

- A condition that errors makes its policy not apply, a `forbid` too: each attribute is asked for
  with `has` before it is read. Numbers are integers.
- Whether a chain is one (who passed it on, within what) is not said in Cedar; a chain that is none
  is no policy. A filter becomes two conditions, one for its yes and one for its no.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from sealhold.model.ids import Purpose
from sealhold.policy import dpv
from sealhold.policy.filter_ast import Among, And, Between, Compare, Every, Filter, Not, Or, Value
from sealhold.policy.share import Bar, Per
from sealhold.policy.sharedecide import chain_of
from sealhold.policy.sharefacts import HeldShare, ShareFacts, Thing, Use
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharewithin import is_within
from tests.property.shares_drawn import OWNER, PEOPLE


def policies(facts: ShareFacts) -> str:
    """Return the policies that say what `facts` permit."""
    by_id = {one.id: one for one in facts.held}
    chains = [chain_of(one, by_id) for one in facts.held]
    permits = [
        f"permit (principal, action, resource) when {{ {_chain(chain)} }};"
        for chain in chains
        if chain and _is_chain(chain)
    ]
    forbids = [
        f"forbid (principal, action, resource) when {{ {_bar(one)} }};" for one in facts.bars
    ]
    return "\n".join([*permits, *forbids])


def entities(facts: ShareFacts, things: Iterable[Thing]) -> str:
    """Return people, objects and shares with their attributes."""
    found: list[dict[str, Any]] = [
        _entity(
            "Person",
            one.hex(),
            {
                f"n{held.id.hex()}": held.used.people[one]
                for held in facts.held
                if one in held.used.people
            },
        )
        for one in PEOPLE
    ]
    found += [_entity("Thing", one.id.hex(), {"dataset": one.dataset, **one.row}) for one in things]
    for held in facts.held:
        state = {"signed": held.signed, "epoch": held.epoch, "newest": held.newest}
        counts = {"used": held.used.grant, "day": held.used.day}
        found.append(_entity("Share", held.id.hex(), {**state, **counts}))
    return json.dumps(found)


def request(use: Use, facts: ShareFacts) -> dict[str, Any]:
    """Return a use as Cedar is asked."""
    context: dict[str, Any] = {
        "now": facts.now,
        "within": [one for one in dpv.every() if dpv.narrower(use.purpose, one)],
        "related": sorted(_related(use.purpose)),
        "device": use.device.name,
        "can": [one.name for one in facts.can],
    }
    if use.task is not None:
        context["task"] = use.task.hex()
    return {
        "principal": {"type": "Person", "id": use.who.hex()},
        "action": {"type": "Action", "id": use.action.value},
        "resource": {"type": "Thing", "id": use.thing.id.hex()},
        "context": context,
    }


def _related(purpose: Purpose) -> set[Purpose]:
    every = dpv.every()
    return {one for one in every if dpv.narrower(purpose, one) or dpv.narrower(one, purpose)}


def _entity(kind: str, name: str, attrs: dict[str, Any]) -> dict[str, Any]:
    return {"uid": {"type": kind, "id": name}, "attrs": attrs, "parents": []}


def _is_chain(chain: tuple[HeldShare, ...]) -> bool:
    return chain[-1].issuer == OWNER and all(
        below.issuer in above.clauses.who and is_within(below.clauses, above.clauses)
        for below, above in pairwise(chain)
    )


def _chain(chain: tuple[HeldShare, ...]) -> str:
    first = _any(f'Person::"{one.hex()}" == principal' for one in chain[0].clauses.who)
    links = [
        _link(held, None if place == 0 else chain[place - 1]) for place, held in enumerate(chain)
    ]
    return " && ".join([first, *links])


def _link(held: HeldShare, below: HeldShare | None) -> str:
    clauses, state = held.clauses, f'Share::"{held.id.hex()}"'
    parts = [
        f"{state} has signed && {state}.signed",
        f"{state} has epoch && {state} has newest && {state}.epoch == {state}.newest",
        _any(f'action == Action::"{one.value}"' for one in clauses.actions),
        _any(f'context.within.contains("{one}")' for one in clauses.purposes),
        f"context.now >= {clauses.not_before}",
        _device(clauses.tier),
        *(f"!({_bar(one)})" for one in clauses.bars),
    ]
    if clauses.what.is_selector:
        dataset = f'resource has dataset && resource.dataset == "{clauses.what.dataset}"'
        parts.append(f"{dataset} && ({_filter(held.rows)[0]})")
    else:
        parts.append(_any(f'resource == Thing::"{one.hex()}"' for one in clauses.what.ids))
    if clauses.not_after is not None:
        parts.append(f"context.now < {clauses.not_after}")
    if clauses.task is not None:
        parts.append(f'context has task && context.task == "{clauses.task.hex()}"')
    duties = clauses.duties
    asked = (duties.notify, duties.receipt, duties.delete_after is not None)
    parts += [
        f'context.can.contains("{name}")'
        for name, is_asked in zip(("NOTIFY", "RECEIPT", "DELETE"), asked, strict=True)
        if is_asked
    ]
    if clauses.count is not None:
        parts.append(_count(held, below, clauses.count.per, clauses.count.most))
    return " && ".join(f"({part})" for part in parts)


def _count(held: HeldShare, below: HeldShare | None, per: Per, most: int) -> str:
    if per is not Per.PERSON:
        name = "used" if per is Per.GRANT else "day"
        state = f'Share::"{held.id.hex()}"'
        return f"{state} has {name} && {state}.{name} < {most}"
    who = "principal" if below is None else f'Person::"{below.issuer.hex()}"'
    name = f"n{held.id.hex()}"
    return f"!({who} has {name}) || {who}.{name} < {most}"


def _device(tier: Tier) -> str:
    borrowed = [Action.VIEW, Action.SEARCH, Action.COMPUTE] if tier >= Tier.KEY_PER_USE else []
    may = _any(f'action == Action::"{one.value}"' for one in borrowed)
    return (
        '["ADMIN", "FULL"].contains(context.device)'
        ' || (context.device == "LIMITED" && action != Action::"reshare")'
        f' || (context.device == "PER_USE" && ({may}))'
    )


def _bar(bar: Bar) -> str:
    parts = [
        _any(f'resource == Thing::"{one.hex()}"' for one in bar.ids) if bar.ids else "true",
        _any(f'action == Action::"{one.value}"' for one in bar.actions) if bar.actions else "true",
        _any(f'context.related.contains("{one}")' for one in bar.purposes)
        if bar.purposes
        else "true",
    ]
    return " && ".join(parts)


def _any(parts: Iterable[str]) -> str:
    return f"({' || '.join(parts) or 'false'})"


def _all(parts: Sequence[str]) -> str:
    return f"({' && '.join(parts)})"


def _filter(asked: Filter) -> tuple[str, str]:
    """Return when a filter is answered yes, and when no; else it is unknown."""
    match asked:
        case Every():
            return "true", "false"
        case Not(part):
            yes, no = _filter(part)
            return no, yes
        case And(parts):
            found = [_filter(part) for part in parts]
            return _all([yes for yes, _ in found]), _any(no for _, no in found)
        case Or(parts):
            found = [_filter(part) for part in parts]
            return _any(yes for yes, _ in found), _all([no for _, no in found])
        case Compare() | Among() | Between():
            test = _test(asked)
            has = f"resource has {asked.column}"
            return f"({has} && ({test}))", f"({has} && !({test}))"
        case _:
            raise AssertionError(asked)


def _test(asked: Compare | Among | Between) -> str:
    field = f"resource.{asked.column}"
    match asked:
        case Compare():
            sign = "==" if asked.how.value == "=" else asked.how.value
            return f"{field} {sign} {_value(asked.value)}"
        case Among():
            return f"[{', '.join(map(_value, asked.values))}].contains({field})"
        case Between():
            return f"{field} >= {_value(asked.low)} && {field} < {_value(asked.high)}"


def _value(value: Value) -> str:
    return json.dumps(value) if isinstance(value, str) else str(int(value))
