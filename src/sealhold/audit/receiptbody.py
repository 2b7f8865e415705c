"""What each kind of receipt says, and how its fields are written.

- A field is an id, a 32-byte digest, a count, a text or a flag; each has one form in JSON.
- What only the owner may know is `None` in any other copy: how many rows a task read, or that an
  answer was given before, is itself an answer.

Source: docs/spec/06-receipts.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from sealhold.audit.exposed import EXPOSED, Exposed, Limit
from sealhold.audit.forms import COUNT, FLAG, HASH, ID, TEXT, Form, word
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import (
    AppId,
    GrantId,
    Id16,
    JobId,
    Purpose,
    SourceId,
    TaskDigest,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.shareterms import Action, Tier


def read_tier(value: Plain) -> Tier:
    """Return the tier that a paper names.

    Raises:
        InvalidEncodingError: not `T0` to `T3`.
    """
    for tier in Tier:
        if tier.word == value:
            return tier
    raise InvalidEncodingError("not a tier")


class ReceiptKind(StrEnum):
    """What a receipt is of."""

    RUN = "run"
    IMPORT = "import"
    CONSENT = "consent"
    USE = "use"
    EXPOSURE = "exposure"


class Confirmed(StrEnum):
    """How it was made sure that the owner decided."""

    PASSPHRASE = "passphrase"  # noqa: S105  # reason: a word, not a secret: typed for this decision
    STANDING = "standing"  # under terms that the owner had agreed to before
    HEADLESS = "headless"  # from the environment: any program of the owner could have


class Secrecy(StrEnum):
    """What becomes of the secrecy of a third party's file that a program read."""

    NOT_FROM_OWNER = "not guaranteed from the owner"  # no hardware hides it from whose vault it is


class Decided(StrEnum):
    """What the owner decided."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBody:
    """A task ran and its answer left."""

    kind: ClassVar[ReceiptKind] = ReceiptKind.RUN

    app: AppId
    grant: GrantId
    task: TaskDigest
    purpose: Purpose
    destination: bytes  # 32 bytes: digest of the key that the answer was sealed to
    answer: bytes  # 32 bytes: SHA-256 of the sealed answer
    bytes_out: int
    confirmed: Confirmed
    rows_read: int | None  # the owner's copy only, as are the two below
    cost: MicroBits | None
    repeated: bool | None  # the stored answer was given again
    third_party: Secrecy | None = None  # left out unless a third party's file was read


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBody:
    """Data was taken in."""

    kind: ClassVar[ReceiptKind] = ReceiptKind.IMPORT

    source: SourceId
    job: JobId
    connector: str
    connector_version: str
    input: bytes  # 32 bytes: keyed digest of the file, which only the vault can recompute
    new: int
    changed: int
    same: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBody:
    """The owner answered a request, or took a yes back."""

    kind: ClassVar[ReceiptKind] = ReceiptKind.CONSENT

    app: AppId
    decided: Decided
    task: TaskDigest
    purpose: Purpose
    shown: bytes  # 32 bytes: digest of the request as it stood on the screen
    confirmed: Confirmed
    until: Instant | None  # None where nothing was given, as is the budget
    budget: MicroBits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseBody:
    """What is shared was used, or somebody tried; signed by the device that did."""

    kind: ClassVar[ReceiptKind] = ReceiptKind.USE

    seq: int  # of this device under this share, from 1
    prev: bytes  # 32 bytes: digest of the receipt before, zeros for the first
    object: Id16  # as the recipient's copy names it, as is the version
    version: Id16
    action: Action
    purpose: Purpose
    permitted: bool
    tier: Tier
    counter: int | None  # number of the use over all devices; None where nothing counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureBody:
    """A device was removed: what it had; signed by the device that removed it."""

    kind: ClassVar[ReceiptKind] = ReceiptKind.EXPOSURE

    device: Id16  # that was removed
    called: str  # by its owner
    remover: Id16  # the device that removed it
    had: tuple[Exposed, ...]  # in the order of the collections' ids
    limit: Limit = Limit.NEW_DATA


Body = RunBody | ImportBody | ConsentBody | UseBody | ExposureBody

_FORMS: Mapping[str, Form] = {  # a field has one form in whatever body it stands
    "action": word(Action),
    "answer": HASH,
    "app": ID,
    "budget": COUNT,
    "bytes_out": COUNT,
    "called": TEXT,
    "changed": COUNT,
    "confirmed": word(Confirmed),
    "connector": TEXT,
    "connector_version": TEXT,
    "cost": COUNT,
    "counter": COUNT,
    "decided": word(Decided),
    "destination": HASH,
    "device": ID,
    "grant": ID,
    "had": EXPOSED,
    "input": HASH,
    "job": ID,
    "limit": word(Limit),
    "new": COUNT,
    "object": ID,
    "permitted": FLAG,
    "prev": HASH,
    "purpose": TEXT,
    "rejected": COUNT,
    "remover": ID,
    "repeated": FLAG,
    "rows_read": COUNT,
    "same": COUNT,
    "seq": COUNT,
    "shown": HASH,
    "source": ID,
    "task": HASH,
    "third_party": word(Secrecy),
    "tier": Form(lambda tier: tier.word, read_tier),
    "until": COUNT,
    "version": ID,
}
_MAY_BE_NULL = frozenset({"rows_read", "cost", "repeated", "until", "budget", "counter"})
_MAY_BE_ABSENT = frozenset({"third_party"})
_BODIES: Mapping[str, type[Body]] = {
    body.kind.value: body for body in (RunBody, ImportBody, ConsentBody, UseBody, ExposureBody)
}


def write_body(body: Body) -> Plain:
    """Return the JSON tree of `body`."""
    tree: dict[str, Plain] = {}
    for field in fields(body):
        value = getattr(body, field.name)
        if value is None and field.name in _MAY_BE_ABSENT:
            continue
        tree[field.name] = None if value is None else _FORMS[field.name].write(value)
    return tree


def read_body(kind: str, tree: Plain) -> Body:
    """Return the body of `kind` that `tree` holds.

    Raises:
        InvalidEncodingError: no such kind, or a field is missing, too many, or of another form.
    """
    body = _BODIES.get(kind)
    if body is None or not isinstance(tree, dict):
        raise InvalidEncodingError(f"no receipt of kind `{kind[:40]}`")
    names = {field.name for field in fields(body)}
    if not names - _MAY_BE_ABSENT <= tree.keys() <= names:
        raise InvalidEncodingError(f"a receipt of kind `{kind}` with other fields")
    return body(**{name: _read_field(name, value) for name, value in tree.items()})


def _read_field(name: str, value: Plain) -> Plain:
    if value is None and name in _MAY_BE_NULL:
        return None
    return _FORMS[name].read(value)
