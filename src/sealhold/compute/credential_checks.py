"""What must hold of a presentation, one check per rule; needs the presentation, and the task.

- The vault's signature covers what every reader sees and each digest; the holder's covers all that
  is shown, for one audience and one nonce. So a byte that differs, a claim that was added, left out
  or shown twice, and a copy for somebody else all fail.
- Bounds and value follow from the signed task. Who does not have it at hand sees what the vault
  signed about it, and is told that this was not recomputed.

Source: docs/spec/10-proof.md section 6.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from sealhold.compute.compliance import Commitments, Conduct, shared_claims
from sealhold.compute.credential import KIND, MAX_BITS, MAX_INDEX
from sealhold.compute.proof_forms import Hex32, KeysForm, SharedForm, Short
from sealhold.compute.proof_rules import (
    SKEW,
    Finding,
    Pins,
    Policy,
    below,
    broken,
    held,
    key_finding,
    machine_findings,
    recipient_findings,
    same,
    short,
    time_finding,
    title,
    value_findings,
)
from sealhold.compute.task import SignedTask
from sealhold.compute.vouching import Vouched
from sealhold.crypto import sdjwt
from sealhold.crypto.sdjwt import Presented
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import InvalidEncodingError, SealholdError
from sealhold.model.quantities import DAY, Instant, MicroBits, rfc3339, show_bits
from sealhold.policy.documents import parse_instant

MAX_AGE = DAY  # of a presentation: it is made for one occasion

_UNUSED = Commitments(account=b"", entry=b"", inputs=b"", provenance=b"")
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: Hex32
    manifest: Hex32
    tier: Literal["py", "wasm"]


class _Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    alternatives: Annotated[int, msgspec.Meta(ge=1)]
    answer_microbits: _Count
    coarsen: Annotated[int, msgspec.Meta(ge=1)]
    function_microbits: _Count
    k: _Count


class _Visible(SharedForm, frozen=True, forbid_unknown_fields=True, kw_only=True):
    attestation: str
    keys: KeysForm
    purpose: Short
    slot_time: str
    statement: Hex32
    task: _Task
    vct: Literal["urn:sealhold:proof:2"]


class _BoundsClaim(msgspec.Struct, frozen=True, kw_only=True):
    bounds: _Bounds


class _Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    entry: Hex32 | None = None
    log_index: Annotated[int, msgspec.Meta(ge=0, lt=MAX_INDEX)] | None = None
    nonce: Short | None = None
    object_bits: Annotated[int, msgspec.Meta(ge=0, le=MAX_BITS)] | None = None
    objects: _Count | None = None
    param: Short | None = None
    receipt: Short | None = None
    recipient: Short | None = None
    selection: Short | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A presentation whose signatures fit, taken apart."""

    presented: Presented
    visible: _Visible
    bounds: _Bounds
    opened: _Opened
    conduct: Conduct
    attestation: bytes
    slot_time: Instant
    key: PublicKey


def check_presentation(
    text: str, tasks: Mapping[str, SignedTask], pins: Pins, at: Instant, policy: Policy
) -> Iterator[Finding]:
    """Yield a finding for each rule; ends early where nothing further can be looked at.

    Args:
        text: the presentation.
        tasks: the signed tasks that are at hand, by manifest id in hex.
        pins: the keys that the reader trusts.
        at: the time to judge by.
        policy: what is demanded besides.
    """
    try:
        found = _read(text)
    except (SealholdError, msgspec.ValidationError) as err:
        yield broken("form", f"not a presentation as it was signed: {err}")
        return
    binding = found.presented.binding
    yield held("form", "every byte stands where the format puts it")
    yield held("proof signature", f"by the vault key {short(found.key)}")
    yield held("holder signature", f"shown to {binding.audience} at {rfc3339(binding.at)}")
    yield key_finding("proof", found.key, pins, policy)
    author = bytes.fromhex(found.visible.keys.author)
    yield key_finding("author", author, pins, policy)
    yield from _occasion(found, at, policy)
    task = tasks.get(found.visible.task.manifest)
    yield from _task(found, task, policy)
    yield time_finding(None if task is None else task.task.expires_at, found.slot_time, at)
    vouched = Vouched(
        claim=found.conduct.evidence,
        evidence=found.attestation,
        nonce=found.opened.nonce,
        statement=bytes.fromhex(found.visible.statement),
        session=found.key,
        runtime=found.conduct.runtime.binary,
        code=bytes.fromhex(found.visible.task.code),
        left=found.slot_time,
    )
    runtime = f"{found.conduct.runtime.name}, binary {found.conduct.runtime.binary.hex()[:16]}"
    yield from machine_findings(vouched, found.conduct.isolation, runtime, policy, at)
    for name, value in sorted(found.presented.opened.items()):
        yield held(f"opened {name}", f"{value}")
    yield held("closed", f"{found.presented.hidden} digests, decoys among them")


def _read(text: str) -> _Read:
    """Return a presentation whose signatures and digests fit.

    Raises:
        InvalidEncodingError: it is not in its one form.
        TamperedError: they do not.
        ValidationError: a claim is missing or has another form.
    """
    unverified = sdjwt.read_unverified(text)
    keys = msgspec.convert(unverified.get("keys"), KeysForm, strict=True)
    key = PublicKey(bytes.fromhex(keys.proof))
    presented = sdjwt.open_presented(text, KIND, key)
    claims = presented.claims
    visible = msgspec.convert(claims, _Visible, strict=True)
    try:
        attestation = b64decode(visible.attestation, validate=True)
        slot_time = parse_instant(visible.slot_time)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("a claim has another form") from err
    return _Read(
        presented=presented,
        visible=visible,
        bounds=msgspec.convert(claims, _BoundsClaim, strict=True).bounds,
        opened=msgspec.convert(presented.opened, _Opened, strict=True),
        conduct=visible.conduct(_UNUSED),
        attestation=attestation,
        slot_time=slot_time,
        key=key,
    )


def _occasion(found: _Read, at: Instant, policy: Policy) -> Iterator[Finding]:
    """Yield whether it was made for this reader, now."""
    binding = found.presented.binding
    # THREAT T176: made for another reader, another question or another day, it is worth nothing.
    for name, told, wanted in (
        ("audience", binding.audience, policy.audience),
        ("nonce", binding.nonce, policy.nonce),
    ):
        if wanted == told:
            yield held(name, f"{told}, as you demand")
        elif wanted is not None:
            yield broken(name, f"made for `{told}`, not for `{wanted}`")
        elif policy.pinned:
            yield below(name, f"{told}, and you named none")
        else:
            yield held(name, f"{told}, not compared: name yours with `--{name}`")
    shown = rfc3339(binding.at)
    if binding.at > at + SKEW:
        yield broken("shown", f"at {shown}, which is still to come")
    elif binding.at < at - MAX_AGE:
        yield broken("shown", f"at {shown}, more than a day before")
    elif binding.at < found.slot_time - SKEW:
        yield broken("shown", f"at {shown}, before the answer left")
    else:
        yield held("shown", f"at {shown}")


def _task(found: _Read, task: SignedTask | None, policy: Policy) -> Iterator[Finding]:
    """Yield whether what was signed follows from the task."""
    claims, opened = found.presented.claims, found.opened
    manifest = found.visible.task.manifest
    if task is None:
        report = below if policy.pinned else held
        yield report("manifest", f"{manifest[:16]}, not at hand: bounds are not recomputed")
        cost = show_bits(MicroBits(found.bounds.answer_microbits))
        yield held("bounds", f"{found.bounds.alternatives} answers, {cost} bits each, as signed")
        return
    yield held("task signature", f"by {task.task.author.name}, over {title(task.task)}")
    yield held("manifest", manifest[:16])
    try:
        expected = shared_claims(task, found.conduct)
    except SealholdError as err:
        yield broken("bounds", f"no such bounds: {err}")
        return
    yield same("code", claims["task"], expected["task"], f"{task.task.code.sha256[:16]}")
    yield same("purpose", claims["purpose"], expected["purpose"], task.task.purpose)
    cost = show_bits(expected["bounds"]["answer_microbits"])
    detail = f"{expected['bounds']['alternatives']} answers, {cost} bits each"
    yield same("bounds", claims["bounds"], expected["bounds"], detail)
    shared = {name: claims[name] for name in expected}
    if found.visible.keys.author != task.task.author.key:
        yield broken("author key", "the author's key in it is not the one in the task")
    if len(found.conduct.resources) != len(task.task.resources):
        yield broken("resources", "not one digest for each resource that the task names")
    yield same("statement", shared, expected, "says nothing beyond its form")
    yield from value_findings(task.task, found.conduct.coarsen, opened.value)
    try:
        if opened.param is not None:
            task.task.param(opened.param)
        if opened.selection is not None:
            task.task.selection(opened.selection)
    except SealholdError as err:
        yield broken("choice", str(err))
    if opened.objects is not None and opened.objects > task.task.input.max_objects:
        yield broken("objects", f"{opened.objects} are more than the task reads")
    if opened.recipient is not None:
        yield from recipient_findings(task.task, opened.recipient)
