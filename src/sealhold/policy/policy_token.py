"""A policy token: what the owner signed onto a medium that can be pulled out.

- Media type `application/vnd.sealhold.policy-token+json`. While it is there, the grants that it
  names hold (`widen`) or are taken out (`narrow`; without a grant or rule, all of them).
- It may carry standing rules, which hold only while it is there: `widen` those that allow or show,
  `narrow` those that ask or deny.
- It names one vault, an end, and how often it was taken in (`counter`); a medium that can be told
  from others is named as well.

Source: docs/spec/41-snapshots.md section 1.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import GrantId, Id16, Kind, canonical, parse_id
from sealhold.model.quantities import Instant, rfc3339
from sealhold.policy.documents import MAX_INTEGER, Fields

MEDIA_TYPE: Final = "application/vnd.sealhold.policy-token+json"
VERSION: Final = 1
MAX_GRANTS: Final = 64
MAX_MEDIUM: Final = 32  # hex digits

_REQUIRED: Final = frozenset(
    {"v", "id", "vault", "effect", "grants", "rules", "not_after", "medium", "counter"}
)


class Effect(StrEnum):
    """What a token does while it is there."""

    WIDEN = "widen"  # the grants that it names hold, and without it they do not
    NARROW = "narrow"  # the grants that it names do not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyToken:
    """What stands on the medium."""

    id: Id16
    vault: bytes  # SHA-256 of the vault's grant key
    effect: Effect
    grants: tuple[GrantId, ...]  # ascending; neither these nor rules: all, which `narrow` may say
    rules: tuple[Id16, ...] = ()  # ascending
    not_after: Instant
    medium: str  # names the medium; empty if nothing tells it from others
    counter: int  # goes up each time it is taken in


def to_document(token: PolicyToken) -> dict[str, Plain]:
    """Return the JSON document that `parse_policy_token` reads back as `token`."""
    return {
        "v": VERSION,
        "id": canonical(token.id),
        "vault": token.vault.hex(),
        "effect": token.effect.value,
        "grants": [canonical(each) for each in token.grants],
        "rules": [canonical(each) for each in token.rules],
        "not_after": rfc3339(token.not_after),
        "medium": token.medium,
        "counter": token.counter,
    }


def parse_policy_token(document: Plain) -> PolicyToken:
    """Return the token that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing, of another type or beyond its limit.
    """
    read = Fields(document, place="token", required=_REQUIRED, error=InvalidGrantError)
    read.exactly("v", VERSION)
    grants = read.items("grants", MAX_GRANTS, _grant)
    if list(grants) != sorted(set(grants)):
        raise read.fault("grants", "is not sorted, or holds a grant twice")
    effect = read.choice("effect", Effect)
    rules = read.items("rules", MAX_GRANTS, _rule)
    if list(rules) != sorted(set(rules)):
        raise read.fault("rules", "is not sorted, or holds a rule twice")
    if effect is Effect.WIDEN and not grants and not rules:
        raise read.fault("grants", "is empty, and only what narrows may mean all")
    return PolicyToken(
        id=read.id("id", Kind.TOKEN),
        vault=read.octets("vault", 32),
        effect=effect,
        grants=grants,
        rules=rules,
        not_after=read.instant("not_after"),
        medium=read.line("medium", MAX_MEDIUM),
        counter=read.integer("counter", 1, MAX_INTEGER),
    )


def _grant(text: str) -> GrantId:
    return GrantId(Id16(parse_id(Kind.GRANT, text)))


def _rule(text: str) -> Id16:
    return Id16(parse_id(Kind.POLICY, text))
