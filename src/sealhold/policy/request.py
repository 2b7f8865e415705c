"""What an app asks for: the signed document, read strictly, and what counts as another wish.

- Media type `application/vnd.sealhold.request+json`, strict JSON, signed by the app's key; this
  module reads values only, the signature is checked before.
- `material_change` says what reopens the owner's choice. A new label or wording does not, less of
  anything does not; everything that could carry more does.
- `wish` is what a refusal blocks: rewording, or asking for a little more or less of the same,
  does not make it another wish.

Source: docs/spec/07-grants.md section 3.
"""

import base64
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import AppId, Kind, Purpose, TaskDigest, canonical
from sealhold.model.quantities import Instant, MicroBits, rfc3339
from sealhold.model.shown import Mode
from sealhold.policy import dpv
from sealhold.policy.documents import MAX_INTEGER, Fields

MEDIA_TYPE: Final = "application/vnd.sealhold.request+json"
SCHEMA: Final = "sealhold.request/1"
MAX_NAME: Final = 80  # characters; fits one line of the consent screen
MAX_REASON: Final = 500  # characters in each language
MAX_URL: Final = 2_000
BOX_KEY: Final = (32, 2_048)  # bytes; X25519 alone has 32, with ML-KEM-768 beside it 1,216
MAX_RETENTION: Final = 36_525  # days; a hundred years

_URL: Final = re.compile(
    r"https://(?=[a-z0-9.-]{1,253}(?:[:/]))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9][0-9]{0,4})?/[A-Za-z0-9/._~%=&?+:@,;-]*"
)
_FIELDS: Final = frozenset(
    {"schema", "app", "name", "purpose", "reason", "task", "param", "selection", "destination"}
    | {"schedule", "retention_days", "expires", "budget_micro_bits", "mode", "until"}
)


class Schedule(StrEnum):
    """When the app wants its answers."""

    DEMAND = "demand"
    DAILY = "daily"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where an answer goes, and the key that it is sealed to."""

    name: str
    url: str  # https, host in lower case, no user, no fragment
    box_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One wish of one app."""

    app: AppId
    name: str
    purpose: Purpose
    reason: tuple[tuple[str, str], ...]  # (language tag, text), sorted by tag
    task: TaskDigest
    param: str
    selection: str
    destination: Destination
    schedule: Schedule
    retention_days: int
    expires: Instant  # the request's own end, if nobody decides
    budget: MicroBits
    mode: Mode
    until: Instant  # the end of what is asked for


def parse_request(document: Plain) -> Request:
    """Return the request that a JSON document holds.

    Raises:
        InvalidManifestError: a field is unknown, missing, of another type or beyond its limit.
        UnknownPurposeError: the purpose is not in the vocabulary.
    """
    fields = Fields(document, place="request", required=_FIELDS, error=InvalidManifestError)
    fields.exactly("schema", SCHEMA)
    return Request(
        app=AppId(fields.id("app", Kind.APP)),
        name=fields.text("name", MAX_NAME),
        purpose=dpv.require(fields.line("purpose", 64)),
        reason=fields.texts("reason", MAX_REASON),
        task=TaskDigest(fields.octets("task", 32)),
        param=fields.name("param"),
        selection=fields.name("selection"),
        destination=_destination(fields),
        schedule=fields.choice("schedule", Schedule),
        retention_days=fields.integer("retention_days", 0, MAX_RETENTION),
        expires=fields.instant("expires"),
        budget=MicroBits(fields.integer("budget_micro_bits", 1, MAX_INTEGER)),
        mode=fields.choice("mode", Mode),
        until=fields.instant("until"),
    )


def to_document(request: Request) -> dict[str, Plain]:
    """Return the JSON document that `parse_request` reads back as `request`."""
    return {
        "schema": SCHEMA,
        "app": canonical(request.app),
        "name": request.name,
        "purpose": request.purpose,
        "reason": dict(request.reason),
        "task": request.task.hex(),
        "param": request.param,
        "selection": request.selection,
        "destination": _destination_document(request.destination),
        "schedule": request.schedule.value,
        "retention_days": request.retention_days,
        "expires": rfc3339(request.expires),
        "budget_micro_bits": int(request.budget),
        "mode": request.mode.value,
        "until": rfc3339(request.until),
    }


def wish(request: Request) -> dict[str, Plain]:
    """Return what makes `request` the same wish as another; its digest is what is blocked."""
    return {
        "schema": SCHEMA,
        "app": canonical(request.app),
        "purpose": request.purpose,
        "task": request.task.hex(),
        "param": request.param,
        "selection": request.selection,
        "url": request.destination.url,
    }


def material_change(old: Request, new: Request) -> tuple[str, ...]:
    """Return the fields in which `new` is not what the owner decided on with `old`, sorted.

    Empty: the choice that was made for `old` holds for `new`.
    """
    changed = {
        "app": new.app != old.app,
        "purpose": new.purpose != old.purpose,
        "task": new.task != old.task,
        "param": new.param != old.param,
        "selection": new.selection != old.selection,
        "destination": new.destination != old.destination,
        "schedule": (old.schedule, new.schedule) == (Schedule.DEMAND, Schedule.DAILY),
        "retention_days": new.retention_days > old.retention_days,
        "budget_micro_bits": new.budget > old.budget,
        "mode": _WIDTH[new.mode] > _WIDTH[old.mode],
        "until": new.until > old.until,
    }
    return tuple(sorted(name for name, reopens in changed.items() if reopens))


_WIDTH: Final = {Mode.ONCE: 0, Mode.EACH: 1, Mode.UNTIL: 2}


def _destination(request: Fields) -> Destination:
    fields = request.inner("destination", frozenset({"name", "url", "box_key"}))
    url = fields.line("url", MAX_URL)
    if not _URL.fullmatch(url):
        raise fields.fault("url", "is not an https address in its normal form")
    return Destination(
        name=fields.text("name", MAX_NAME), url=url, box_key=fields.base64("box_key", *BOX_KEY)
    )


def _destination_document(destination: Destination) -> dict[str, Plain]:
    return {
        "name": destination.name,
        "url": destination.url,
        "box_key": base64.b64encode(destination.box_key).decode(),
    }
