"""The document of a task manifest: each field, its type and its bounds, as it is written.

- `msgspec` checks on decoding that each field is there, that none is unknown, and its bounds;
  a message names the place (`$.limits.queries`).
- What a field means, and what holds between fields, says `task`.

Source: docs/spec/08-task-manifest.md section 2.
"""

from typing import Annotated, Literal

import msgspec

from sealhold.compute.slots import SlotMode
from sealhold.model.encoding import Plain

MAX_OBJECTS = 1_000_000  # members of one input; a long life of trips or bookings
MAX_RESOURCES = 6_291_456  # bytes of all together: with the program they fit one frame of 8 MiB
MAX_OBJECT_BYTES = 1_048_576  # one object's granted fields; a trip with its track is near 100 KB
# Bytes of a program, by tier: the examples need under 2 KiB, a component of Python 18.5 million.
MAX_CODE = {"py": 1_048_576, "wasm": 33_554_432}

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
_SEMVER = r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z.-]{1,40})?$"


class Author(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wrote the program, and the Ed25519 key that signs it."""

    name: _Text
    key: _Hex32


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The program, by digest: it travels beside the manifest."""

    tier: Literal["py", "wasm"]
    sha256: _Hex32
    bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_CODE["wasm"])]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which objects the program sees, and what of each."""

    collection: _Name
    fields: Annotated[tuple[_Name, ...], msgspec.Meta(min_length=1, max_length=64)]
    max_objects: Annotated[int, msgspec.Meta(ge=1, le=MAX_OBJECTS)]
    max_object_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_OBJECT_BYTES)]
    objects: Literal["frozen", "open"] = "frozen"


class Param(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One parameter, which an app names by id alone."""

    id: _Id
    value: Plain


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One choice of objects: a predicate over the input's fields."""

    id: _Id
    predicate: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    attributes: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=16)]


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many objects share one evaluation, and how many versions of them may be evaluated."""

    k: Literal[1, 4, 16, 32] = 1
    max_versions: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one evaluation may use, and how many different queries may be made."""

    ms_per_partition: Annotated[int, msgspec.Meta(ge=10, le=2000)]
    memory_mib: Annotated[int, msgspec.Meta(ge=4, le=64)]
    queries: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    fuel: Annotated[int, msgspec.Meta(ge=1, le=2_000_000_000)] | None = None


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When an answer leaves."""

    seconds: Literal[1, 10, 60, 600]
    mode: SlotMode
    max_slots: Annotated[int, msgspec.Meta(ge=1, le=8)]


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A third party's file that the program reads: its address, and what it must be."""

    id: _Id
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    sha256: _Hex32 | None = None  # of its content; it then never changes
    signer: _Hex32 | None = None  # the Ed25519 key that signs each version of it
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_RESOURCES)]  # of its content
    refresh_s: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)]  # 0: fetched once
    max_versions: Annotated[int, msgspec.Meta(ge=1, le=64)]


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the asker demands of the machine that runs the program."""

    min: Literal["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]
    confidentiality: Literal["any", "sealed"]


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To whom an answer may go, and in which forms of proof."""

    recipients: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=8)]
    forms: Annotated[tuple[Literal["dsse", "sd-jwt"], ...], msgspec.Meta(min_length=1)]


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A range and its default, as written."""

    range: dict[str, Plain]
    default: int


class Epsilon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How private an answer is, as a fraction: the smaller, the more noise."""

    numerator: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    denominator: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class NoiseForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Noise on the answer, as written."""

    kind: Literal["discrete-laplace"]
    epsilon: Epsilon


class AggregateForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An aggregate, as written."""

    kind: str
    args: dict[str, Plain]
    range: dict[str, Plain]
    default: int
    noise: NoiseForm | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document, field by field."""

    schema: Literal["sealhold.task/1"]
    name: _Text
    version: Annotated[str, msgspec.Meta(pattern=_SEMVER)]
    expires: str
    author: Author
    app: str | None = None
    purpose: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Za-z0-9]{1,79}$")]
    reason: Annotated[
        dict[_Language, Annotated[str, msgspec.Meta(min_length=1, max_length=500)]],
        msgspec.Meta(min_length=1, max_length=16),
    ]
    code: Code
    input: Input
    evaluate: Declared
    aggregate: AggregateForm
    params: Annotated[tuple[Param, ...], msgspec.Meta(min_length=1, max_length=64)]
    selections: Annotated[tuple[Selection, ...], msgspec.Meta(min_length=1, max_length=64)]
    partition: Partition
    limits: Limits
    slot: Slot
    resources: Annotated[tuple[Resource, ...], msgspec.Meta(max_length=8)] = ()
    evidence: Evidence
    output: Delivery
