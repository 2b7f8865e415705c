"""What must hold of a proof file, one check per rule; needs nothing but the file.

- First the form: a file is its parts written in the one exact form. Then each byte of it is either
  under a signature, under a digest that is signed, or a key whose signature is checked; so a file
  that differs anywhere from what the vault wrote fails.
- Each rule is one `Finding`: what was looked at, whether it held, and how bad it is if not.
- A file that holds against keys of its own only says that these keys vouch for it; who they are is
  the reader's to pin.

Source: docs/spec/10-proof.md section 4.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from sealhold.audit.verdict import ALTERED, HELD, UNTRUSTED
from sealhold.compute import compliance
from sealhold.compute.aggregates import released_range
from sealhold.compute.compliance import Answer, Conduct, answer_digest, proof_file, statement_of
from sealhold.compute.parts import words
from sealhold.compute.task import SignedTask, Task, open_task
from sealhold.crypto import dsse
from sealhold.crypto.sign import PublicKey, key_digest
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import SealholdError, TamperedError
from sealhold.model.ids import TaskDigest
from sealhold.model.quantities import MINUTE, Instant, rfc3339, show_bits
from sealhold.model.shown import Check
from sealhold.policy.documents import parse_instant

SKEW = 5 * MINUTE  # by which two honest clocks may differ

_Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Short = Annotated[str, msgspec.Meta(pattern=r"^[!-~]([ -~]{0,198}[!-~])?$")]
_Evidence = Literal["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a reader demands beyond that all signatures and digests fit."""

    evidence: _Evidence = "sw"  # the weakest that is taken; anything but `sw` is hardware
    confined: bool = False  # the kernel must have confined the program
    pinned: bool = False  # each key must be one that the reader named


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule, looked at."""

    check: Check
    code: int  # HELD, or what the whole verdict is at least


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    manifest: _Hex32
    nonce: _Short
    param: str
    recipient: _Short
    selection: str
    slot_time: str
    value: int


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    author: _Hex32
    proof: _Hex32


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["sealhold.proof/1"] = msgspec.field(name="$schema")
    answer: _Answer
    keys: _Keys
    proof: dict[str, Plain]
    task: dict[str, Plain]


class _Bounds(msgspec.Struct, frozen=True, kw_only=True):
    coarsen: Annotated[int, msgspec.Meta(ge=1)]


class _Commitments(msgspec.Struct, frozen=True, kw_only=True):
    entry: _Hex32
    inputs: _Hex32


class _TaskClaim(msgspec.Struct, frozen=True, kw_only=True):
    runtime: _Short


class _Predicate(msgspec.Struct, frozen=True, kw_only=True):
    bounds: _Bounds
    commitments: _Commitments
    isolation: Literal["jailed", "paranoid", "language-only"]  # `broker.Mode`
    task: _TaskClaim
    terms: _Hex32


class _Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What of a statement does not follow from task, answer and key."""

    predicate: _Predicate


def check_proof(
    data: bytes, pins: Mapping[str, Collection[bytes]], at: Instant, policy: Policy
) -> Iterator[Finding]:
    """Yield a finding for each rule; ends early where nothing further can be looked at."""
    try:
        found = _read(data)
    except (SealholdError, msgspec.ValidationError) as err:
        yield _broken("form", f"the file is not a proof in its exact form: {err}")
        return
    yield _held("form", "every byte stands where the format puts it")
    proof_key = PublicKey(bytes.fromhex(found.keys.proof))
    try:
        statement = _open_statement(found, proof_key)
        yield _held("proof signature", f"by the vault key {_short(proof_key)}")
        task = open_task(to_json(found.task))
        yield _held("task signature", f"by {task.task.author.name}, over {_title(task.task)}")
    except (SealholdError, msgspec.ValidationError) as err:
        yield _broken("signature", f"a signed part does not fit its key: {err}")
        return
    yield from _keys(found, task.task, pins, policy)
    answer = _answer(found.answer)
    if answer is None:
        yield _broken("answer", "the answer's time is no time")
        return
    conduct = _conduct(statement)
    yield from _statement(found, task, answer, conduct, proof_key)
    yield from _value(task.task, answer, conduct)
    yield from _time(task.task, answer, at)
    yield from _policy(conduct, policy)


def _read(data: bytes) -> _File:
    if len(data) > compliance.MAX_PROOF:
        raise TamperedError(f"{len(data)} bytes, at most {compliance.MAX_PROOF}")
    document = from_json(data, limit=compliance.MAX_PROOF)
    found = msgspec.convert(document, _File, strict=True)
    # THREAT T42: spaces, escapes, the order of keys and the unused bits of base64 are bytes too;
    # only one way of writing is a proof, so none of them can be changed unnoticed.
    again = proof_file(
        answer=document["answer"],
        proof=to_json(found.proof),
        task=to_json(found.task),
        proof_key=bytes.fromhex(found.keys.proof),
        author_key=bytes.fromhex(found.keys.author),
    )
    if again != data:
        raise TamperedError("written in another way than the one exact form")
    return found


def _open_statement(found: _File, key: PublicKey) -> bytes:
    envelope = to_json(found.proof)
    opened = dsse.open(envelope, compliance.PAYLOAD_TYPE, [key])
    if len(dsse.read_unverified(envelope)[2]) != 1:
        raise TamperedError("a proof has one signature")
    msgspec.convert(from_json(opened.payload), _Statement, strict=True)
    return opened.payload


def _keys(
    found: _File, task: Task, pins: Mapping[str, Collection[bytes]], policy: Policy
) -> Iterator[Finding]:
    if found.keys.author != task.author.key:
        yield _broken("author key", "the author's key beside the task is not the one in it")
    for role, text in (("proof", found.keys.proof), ("author", task.author.key)):
        key = bytes.fromhex(text)
        name = f"{role} key"
        # THREAT T42: a key counts in its own role only; an author's key makes no proof.
        if key in pins.get(role, ()):
            yield _held(name, f"{_short(key)}, one that you trust")
        elif pins.get(role):
            yield _broken(name, f"{_short(key)} is none of those that you trust as `{role}`")
        elif policy.pinned:
            yield _below(name, f"{_short(key)}, key not pinned")
        else:
            yield _held(name, f"{_short(key)}, key not pinned: compare it with one you trust")


def _answer(found: _Answer) -> Answer | None:
    try:
        slot_time = parse_instant(found.slot_time)
    except ValueError:
        return None
    return Answer(
        task=TaskDigest(bytes.fromhex(found.manifest)),
        param=found.param,
        selection=found.selection,
        value=found.value,
        slot_time=slot_time,
        recipient=found.recipient,
        nonce=found.nonce,
    )


def _conduct(payload: bytes) -> Conduct:
    told = msgspec.convert(from_json(payload), _Statement).predicate
    return Conduct(
        terms=bytes.fromhex(told.terms),
        coarsen=told.bounds.coarsen,
        isolation=told.isolation,
        runtime=told.task.runtime,
        inputs=bytes.fromhex(told.commitments.inputs),
        entry=bytes.fromhex(told.commitments.entry),
    )


def _statement(
    found: _File, task: SignedTask, answer: Answer, conduct: Conduct, key: PublicKey
) -> Iterator[Finding]:
    """Compare what was signed with the statement that follows from task and answer."""
    told = from_json(dsse.read_unverified(to_json(found.proof))[1])
    # THREAT T42: an answer, task or bound from another proof is named by the part that differs.
    digest = answer_digest(answer.document()).hex()
    told_digest = _at(told, "subject", 0, "digest", "sha256")
    yield _same("answer", told_digest, digest, f"{answer.value}, for {answer.recipient}")
    named = _at(told, "predicate", "task", "manifest")
    ids = (named, answer.task.hex())
    yield _same("manifest", ids, (task.task.digest.hex(),) * 2, task.task.digest.hex()[:16])
    code = (_at(told, "predicate", "task", "code"), _at(told, "predicate", "task", "tier"))
    wanted = (task.task.code.sha256, task.task.code.tier)
    yield _same("code", code, wanted, f"{task.task.code.sha256[:16]}, tier {code[1]}")
    yield _same("purpose", _at(told, "predicate", "purpose"), task.task.purpose, task.task.purpose)
    try:
        expected = statement_of(task, answer, conduct, key)
    except SealholdError as err:
        yield _broken("bounds", f"no such bounds: {err}")
        return
    bounds = expected["predicate"]["bounds"]
    cost = show_bits(bounds["answer_microbits"])
    detail = f"{bounds['alternatives']} answers, {cost} bits each"
    yield _same("bounds", _at(told, "predicate", "bounds"), bounds, detail)
    yield _same("statement", told, expected, "says nothing beyond its form")


def _value(task: Task, answer: Answer, conduct: Conduct) -> Iterator[Finding]:
    try:
        task.param(answer.param)
        task.selection(answer.selection)
        permitted = released_range(task.aggregate, conduct.coarsen)
    except SealholdError as err:
        yield _broken("value", str(err))
        return
    shape = f"{permitted.size} from {permitted.first} to {permitted.last}"
    if answer.value in permitted:
        says = words(task.aggregate, task.evaluate.range, task.input.max_objects, answer.value)
        detail = f"{answer.value} is one of the {shape}" + (f"; it reads {says}" if says else "")
        yield _held("value", detail)
    else:
        yield _broken("value", f"{answer.value} is none of the {shape}")
    recipients = task.output.recipients
    if recipients and answer.recipient not in recipients:
        yield _broken("recipient", f"the task does not name `{answer.recipient}`")


def _time(task: Task, answer: Answer, at: Instant) -> Iterator[Finding]:
    left = rfc3339(answer.slot_time)
    if answer.slot_time >= task.expires_at:
        yield _broken("time", f"left at {left}, but the task ended {rfc3339(task.expires_at)}")
    elif answer.slot_time > at + SKEW:
        yield _broken("time", f"left at {left}, which is still to come")
    else:
        yield _held("time", f"left at {left}, while the task was in force")


def _policy(conduct: Conduct, policy: Policy) -> Iterator[Finding]:
    software = "a software key vouches for the machine, no hardware does"
    if policy.evidence == "sw":
        yield _held("evidence", software)
    else:
        yield _below("evidence", f"{software}; `{policy.evidence}` is demanded")
    if policy.confined and conduct.isolation == "language-only":
        yield _below("isolation", "the program was confined by its language alone")
    else:
        yield _held("isolation", f"{conduct.isolation}, in {conduct.runtime}")


def _at(tree: Plain, *path: str | int) -> Plain:
    """Return the part of a signed tree at `path`; None if it is not there."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _same(name: str, told: Plain, wanted: Plain, detail: str) -> Finding:
    if told == wanted and type(told) is type(wanted):
        return _held(name, detail)
    return _broken(name, f"what was signed does not fit the {name} in the file")


def _held(name: str, detail: str) -> Finding:
    return Finding(check=Check(name=name, held=True, detail=detail), code=HELD)


def _below(name: str, detail: str) -> Finding:
    return Finding(check=Check(name=name, held=False, detail=detail), code=UNTRUSTED)


def _broken(name: str, detail: str) -> Finding:
    return Finding(check=Check(name=name, held=False, detail=detail), code=ALTERED)


def _short(key: bytes) -> str:
    return key_digest(key)[:16]


def _title(task: Task) -> str:
    return f"{task.name} {task.version}"
