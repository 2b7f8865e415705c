"""Task manifests: what a program will read, and each answer it could ever give, before it runs.

- One form: strict JSON, schema `sealhold.task/1`, at most 64 KiB, in a DSSE envelope signed by the
  author. A float, a double key, an unknown or a missing field is refused, never repaired.
- A task is named by the SHA-256 of its payload bytes, so each change makes another task.
- A *function* (f-id) is all that can alter a result: code, parameter, what is shown of which
  collection, range and limits; not the name, version, author or app. So the same code under
  another name is charged once, and a changed byte or parameter is charged anew.
- Here stands the form. Which well-formed tasks are refused says `manifest_rules`.

Source: docs/spec/08-task-manifest.md.
"""

from collections.abc import Collection as Many
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from sealhold.compute.aggregates import Aggregate, Noise, check_aggregate, parse_aggregate
from sealhold.compute.manifest import (
    MAX_CODE,
    AggregateForm,
    Author,
    Code,
    Declared,
    Delivery,
    Evidence,
    Input,
    Limits,
    Manifest,
    Param,
    Partition,
    Resource,
    Selection,
    Slot,
)
from sealhold.compute.ranges import Range, parse_range
from sealhold.compute.resources import bound_digests, check_resources, pins, tuples
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256, tagged
from sealhold.crypto.sign import PublicKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import from_json, pack
from sealhold.model.errors import InvalidEncodingError, InvalidManifestError
from sealhold.model.ids import (
    AppId,
    CodeDigest,
    Collection,
    FieldName,
    FunctionId,
    Id16,
    Purpose,
    TaskDigest,
)
from sealhold.model.quantities import Instant
from sealhold.policy.documents import parse_instant
from sealhold.policy.dpv import require
from sealhold.policy.sight import WHOLE, Said

PAYLOAD_TYPE = "application/vnd.sealhold.task+json"
MAX_MANIFEST = 65_536  # bytes of the payload; the examples need under 4 KiB

_Part = TypeVar("_Part", Param, Selection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """What the program may say of one object, and what it says when it fails."""

    range: Range
    default: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One manifest, checked for form; frozen."""

    digest: TaskDigest
    size: int  # bytes of the payload
    name: str
    version: str
    expires_at: Instant
    author: Author
    app: AppId | None  # None: any app that the owner admits
    purpose: Purpose
    reason: Mapping[str, str]  # by language
    code: Code
    input: Input
    evaluate: Evaluate
    aggregate: Aggregate
    params: tuple[Param, ...]
    selections: tuple[Selection, ...]
    partition: Partition
    limits: Limits
    slot: Slot
    resources: tuple[Resource, ...]  # files of third parties
    evidence: Evidence
    output: Delivery

    @property
    def collection(self) -> Collection:
        """Return the kind of records that the program reads."""
        return Collection(self.input.collection)

    @property
    def fields(self) -> frozenset[FieldName]:
        """Return what of each object the program asks to see."""
        return frozenset(FieldName(name) for name in self.input.fields)

    @property
    def code_digest(self) -> CodeDigest:
        """Return the digest that the program must have."""
        return CodeDigest(bytes.fromhex(self.code.sha256))

    @property
    def tuples(self) -> int:
        """Return how many different tuples of third parties' files the program may get."""
        return tuples(self.resources)

    def param(self, name: str) -> Param:
        """Return the parameter of that id.

        Raises:
            InvalidManifestError: the task has none.
        """
        return _named(self.params, name, "parameter")

    def selection(self, name: str) -> Selection:
        """Return the selection of that id.

        Raises:
            InvalidManifestError: the task has none.
        """
        return _named(self.selections, name, "selection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of a task that is asked for or granted: what is priced."""

    task: Task
    fields: frozenset[FieldName]  # what the program is shown
    params: tuple[Param, ...]
    selections: tuple[Selection, ...]
    said: Said = WHOLE  # of rows, by the owner's terms


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTask:
    """A task whose author's signature fits."""

    task: Task
    envelope: bytes


def whole(task: Task) -> Scope:
    """Return all of `task` that could be asked for."""
    return Scope(task=task, fields=task.fields, params=task.params, selections=task.selections)


def task_digest(payload: bytes) -> TaskDigest:
    """Return the id of the manifest with this payload: its SHA-256."""
    return TaskDigest(sha256(payload))


def parse_task(payload: bytes) -> Task:
    """Return the task that `payload` describes.

    Raises:
        InvalidManifestError: it breaks a rule of the form, and which one.
        UnknownPurposeError: its purpose is not in the vocabulary.
    """
    try:
        document = from_json(payload, limit=MAX_MANIFEST)
        found = msgspec.convert(document, Manifest, strict=True)
    except InvalidEncodingError as err:
        raise InvalidManifestError(f"the manifest is not strict JSON: {err}") from err
    except msgspec.ValidationError as err:
        raise InvalidManifestError(f"the manifest does not fit its form: {err}") from err
    evaluate = _evaluate(found.evaluate)
    aggregate = _aggregate(found.aggregate)
    check_aggregate(aggregate, evaluate.range, found.input.max_objects)
    _check_names(found)
    check_resources(found.resources)
    if found.code.bytes > MAX_CODE[found.code.tier]:
        most = MAX_CODE[found.code.tier]
        raise InvalidManifestError(f"`code.bytes`: at most {most} in tier `{found.code.tier}`")
    return Task(
        digest=task_digest(payload),
        size=len(payload),
        name=found.name,
        version=found.version,
        expires_at=_instant(found.expires),
        author=found.author,
        app=_app(found.app),
        purpose=require(found.purpose),
        reason=found.reason,
        code=found.code,
        input=found.input,
        evaluate=evaluate,
        aggregate=aggregate,
        params=found.params,
        selections=found.selections,
        partition=found.partition,
        limits=found.limits,
        slot=found.slot,
        resources=found.resources,
        evidence=found.evidence,
        output=found.output,
    )


def open_task(envelope: bytes) -> SignedTask:
    """Return the task in `envelope`, signed by the author whom it names and nobody else.

    Raises:
        InvalidEncodingError: not a signed document of this type in its one form.
        InvalidManifestError: the manifest breaks a rule, or bears a foreign signature.
        UnknownPurposeError: its purpose is not in the vocabulary.
        BadSignatureError: the author's signature does not fit.
    """
    _, payload, signers = dsse.read_unverified(envelope)
    task = parse_task(payload)
    author = PublicKey(bytes.fromhex(task.author.key))
    dsse.open(envelope, PAYLOAD_TYPE, [author])
    if len(signers) != 1:
        raise InvalidManifestError("a task is signed by its author alone")
    return SignedTask(task=task, envelope=envelope)


def view_digest(collection: Collection, fields: Many[FieldName]) -> bytes:
    """Return the 32-byte digest of what a program is shown: which fields of which collection."""
    return tagged(Tag.VIEW, pack([collection, sorted(fields)]))


def function_id(
    task: Task,
    param: Param,
    fields: Many[FieldName],
    digests: Mapping[str, bytes] | None = None,
    said: Said = WHOLE,
) -> FunctionId:
    """Return the id of the function that `task` computes with `param` over the granted `fields`.

    How many queries are allowed, and how coarse the answer is, alter no result and do not count.

    Args:
        task: the task.
        param: one of its parameters.
        fields: what of an object is granted.
        digests: of the resources that are bound, by their ids; without them, the id of the series
            of functions that their versions make, which is what an approval charges.
        said: which rows are seen, and how finely: seen otherwise it is another function.

    Raises:
        InvalidError: `digests` are not those of the task's resources.
    """
    resources = task.resources
    named = pins(resources) if digests is None else bound_digests(resources, digests)
    # THREAT T41: name, version, author and app are left out, so a new label is no new function.
    # THREAT T40: the parameter's value is in, so a sweep of parameters is a sum of charges.
    evaluate, limits = task.evaluate, task.limits
    return FunctionId(
        tagged(
            Tag.FUNCTION_ID,
            pack(
                [
                    task.code_digest,
                    task.code.tier,
                    param.value,
                    named,
                    task.input.collection,
                    sorted(fields),
                    task.input.max_object_bytes,
                    view_digest(task.collection, fields),
                    [evaluate.range.document(), evaluate.default],
                    task.partition.k,
                    [limits.ms_per_partition, limits.memory_mib, limits.fuel],
                    *([] if said.is_whole else [[said.rows, list(said.precision)]]),
                ]
            ),
        )
    )


def _evaluate(found: Declared) -> Evaluate:
    declared = parse_range(found.range, "evaluate.range")
    if found.default not in declared:
        raise InvalidManifestError("`evaluate.default` must be a member of `evaluate.range`")
    return Evaluate(range=declared, default=found.default)


def _aggregate(found: AggregateForm) -> Aggregate:
    declared = parse_range(found.range, "aggregate.range")
    if found.default not in declared:
        raise InvalidManifestError("`aggregate.default` must be a member of `aggregate.range`")
    noise = None
    if found.noise is not None:
        epsilon = found.noise.epsilon
        noise = Noise(numerator=epsilon.numerator, denominator=epsilon.denominator)
    return parse_aggregate(found.kind, found.args, declared, found.default, noise)


def _check_names(found: Manifest) -> None:
    for what, names in (
        ("parameter", [each.id for each in found.params]),
        ("selection", [each.id for each in found.selections]),
        ("field", found.input.fields),
        ("form", found.output.forms),
    ):
        if len(set(names)) != len(names):
            raise InvalidManifestError(f"a {what} stands twice")
    for selection in found.selections:
        if not set(selection.attributes) <= set(found.input.fields):
            raise InvalidManifestError(
                f"selection `{selection.id}` tests a field that is not in `input.fields`"
            )


def _instant(text: str) -> Instant:
    try:
        return parse_instant(text)
    except ValueError as err:
        raise InvalidManifestError("`expires` must read like `2027-01-31T00:00:00Z`") from err


def _app(text: str | None) -> AppId | None:
    if text is None:
        return None
    try:
        whole = UUID(text)
    except ValueError:
        whole = None
    if whole is None or str(whole) != text:
        raise InvalidManifestError("`app` must be a lower-case UUID")
    return AppId(Id16(whole.bytes))


def _named(parts: tuple[_Part, ...], name: str, what: str) -> _Part:
    for part in parts:
        if part.id == name:
            return part
    raise InvalidManifestError(f"the task has no {what} `{name[:64]}`")
