"""Clauses as a policy in ODRL 2.2, and back: nothing is lost on the way, nothing is guessed.

- `import_odrl(export_odrl(share, clauses)) == (share, clauses)` for whatever gives something.
- What ODRL has no word for is said in terms of a profile of our own, `urn:sealhold:odrl:1`.
- Anything that is not understood is refused by its name. The context stands in the document, and
  nothing is ever fetched: neither it nor a profile.
- ODRL states rules and enforces none; the document says so.

Source: docs/spec/49-sharing.md section 9; W3C ODRL Information Model 2.2, Vocabulary 2.2.
"""

from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import GrantId
from sealhold.model.quantities import rfc3339
from sealhold.policy import dpv
from sealhold.policy.odrlterms import (
    ACTIONS,
    CONTACT,
    EVERY_ACTION,
    OBJECT,
    SHARE,
    Constraint,
    area_of,
    spatial_of,
)
from sealhold.policy.share import Bar, Clauses, Duties, What, check

PROFILE: Final = "urn:sealhold:odrl:1"
NOTE: Final = "ODRL states rules; nothing in this document makes one hold"
CONTEXT: Final = {
    "@vocab": "http://www.w3.org/ns/odrl/2/",
    "dpv": dpv.IRI,
    "sealhold": "urn:sealhold:odrl#",
    "uid": "@id",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def export_odrl(share: GrantId, clauses: Clauses) -> dict[str, Plain]:
    """Return a share as an ODRL policy of class Set.

    Raises:
        InvalidGrantError: it gives nothing, which ODRL has no policy for.
    """
    check(clauses)
    if not (clauses.who and clauses.actions and clauses.purposes and _is_something(clauses.what)):
        raise InvalidGrantError("a share that gives nothing has no ODRL policy")
    uid = SHARE + share.hex()
    permission: dict[str, Plain] = {
        "target": _target(clauses.what),
        "action": [ACTIONS[one] for one in sorted(clauses.actions)],
        "constraint": [each.document() for each in _constraints(clauses)],
        "duty": _duties(clauses.duties),
        "sealhold:precision": list(clauses.precision),
        "sealhold:omit": sorted(clauses.omit),
        "sealhold:hands": clauses.reshare,
    }
    if clauses.task is not None:
        permission["sealhold:task"] = clauses.task.hex()
    return {
        "@context": CONTEXT,
        "@type": "Set",
        "uid": uid,
        "profile": PROFILE,
        "conflict": "prohibit",
        "permission": [permission],
        "prohibition": [_prohibition(bar, uid) for bar in clauses.bars],
        "sealhold:tier": clauses.tier.word,
        "sealhold:note": NOTE,
    }


def _is_something(what: What) -> bool:
    return what.is_selector or bool(what.ids)


def _target(what: What) -> Plain:
    if not what.is_selector:
        return [OBJECT + one.hex() for one in sorted(what.ids)]
    return {
        "@type": "AssetCollection",
        "source": f"urn:sealhold:dataset:{what.dataset}",
        "refinement": [(spatial_of(what.rows) or area_of(what.rows)).document()],
    }


def _constraints(clauses: Clauses) -> list[Constraint]:
    found = [
        Constraint("recipient", "isAnyOf", [CONTACT + one.hex() for one in sorted(clauses.who)]),
        Constraint("purpose", "isAnyOf", [f"dpv:{one}" for one in sorted(clauses.purposes)]),
        Constraint("dateTime", "gteq", _typed(rfc3339(clauses.not_before), "xsd:dateTime")),
    ]
    if clauses.not_after is not None:
        end = _typed(rfc3339(clauses.not_after), "xsd:dateTime")
        found.append(Constraint("dateTime", "lt", end))
    if clauses.count is not None:
        per = {"sealhold:per": clauses.count.per.value}
        found.append(Constraint("count", "lteq", clauses.count.most, per))
    return found


def _duties(duties: Duties) -> list[Plain]:
    found: list[Plain] = [{"action": "inform"}] if duties.notify else []
    if duties.receipt:
        found.append({"action": "sealhold:receipt"})
    if duties.delete_after is not None:
        after = _typed(f"P{duties.delete_after}D", "xsd:duration")
        limit = Constraint("elapsedTime", "lteq", after).document()
        found.append({"action": "delete", "constraint": [limit]})
    return found


def _prohibition(bar: Bar, uid: str) -> dict[str, Plain]:
    purposes = [f"dpv:{one}" for one in sorted(bar.purposes)]
    return {
        "target": [OBJECT + one.hex() for one in sorted(bar.ids)] or uid,
        "action": [ACTIONS[one] for one in sorted(bar.actions)] or EVERY_ACTION,
        "constraint": [Constraint("purpose", "isAnyOf", purposes).document()] if purposes else [],
    }


def _typed(value: str, kind: str) -> dict[str, Plain]:
    return {"@value": value, "@type": kind}
