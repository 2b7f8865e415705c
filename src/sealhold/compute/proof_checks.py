"""What must hold of a proof file, one check per rule; needs nothing but the file.

- First the form: a file is its parts written in the one exact form. Then each byte of it is either
  under a signature, under a digest that is signed, or a key whose signature is checked; so a file
  that differs anywhere from what the vault wrote fails.
- Each rule is one `Finding`: what was looked at, whether it held, and how bad it is if not.
- A file that holds against keys of its own only says that these keys vouch for it; who they are is
  the reader's to pin.

Source: docs/spec/10-proof.md section 4.
"""

from collections.abc import Iterator

import msgspec

from sealhold.compute.compliance import Answer, Conduct, answer_digest
from sealhold.compute.proof_forms import ProofParts, Signed, open_statement, read_file
from sealhold.compute.proof_rules import (
    Finding,
    Pins,
    Policy,
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
from sealhold.compute.task import SignedTask, open_task
from sealhold.compute.vouching import Vouched
from sealhold.crypto.sign import PublicKey
from sealhold.model.encoding import Plain, from_json
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import Instant, show_bits


def check_proof(data: bytes, pins: Pins, at: Instant, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each rule; ends early where nothing further can be looked at."""
    try:
        found = read_file(data)
    except (SealholdError, msgspec.ValidationError) as err:
        yield broken("form", f"the file is not a proof in its exact form: {err}")
        return
    yield held("form", "every byte stands where the format puts it")
    key = PublicKey(bytes.fromhex(found.keys.proof))
    try:
        signed = open_statement(found, key)
        yield held("proof signature", f"by the vault key {short(key)}")
        task = open_task(found.task)
        yield held("task signature", f"by {task.task.author.name}, over {title(task.task)}")
    except (SealholdError, msgspec.ValidationError) as err:
        yield broken("signature", f"a signed part does not fit its key: {err}")
        return
    if found.keys.author != task.task.author.key:
        yield broken("author key", "the author's key beside the task is not the one in it")
    yield key_finding("proof", key, pins, policy)
    yield key_finding("author", bytes.fromhex(task.task.author.key), pins, policy)
    answer = found.answer.answer()
    if answer is None:
        yield broken("answer", "the answer's time is no time")
        return
    yield from _statement(task, answer, signed, key)
    yield from _value(task, answer, signed)
    yield time_finding(task.task.expires_at, answer.slot_time, at)
    yield from _machine(found, task, answer, signed, policy, at)


def _statement(
    task: SignedTask, answer: Answer, signed: Signed, key: PublicKey
) -> Iterator[Finding]:
    """Compare what was signed with the statement that follows from task and answer."""
    told = from_json(signed.payload)
    # THREAT T42: an answer, task or bound from another proof is named by the part that differs.
    digest = answer_digest(answer.document()).hex()
    told_digest = _at(told, "subject", 0, "digest", "sha256")
    yield same("answer", told_digest, digest, f"{answer.value}, for {answer.recipient}")
    named = _at(told, "predicate", "task", "manifest")
    ids = (named, answer.task.hex())
    yield same("manifest", ids, (task.task.digest.hex(),) * 2, task.task.digest.hex()[:16])
    code = (_at(told, "predicate", "task", "code"), _at(told, "predicate", "task", "tier"))
    wanted = (task.task.code.sha256, task.task.code.tier)
    yield same("code", code, wanted, f"{task.task.code.sha256[:16]}, tier {code[1]}")
    yield same("purpose", _at(told, "predicate", "purpose"), task.task.purpose, task.task.purpose)
    try:
        expected = signed.expected(task, answer, key)
    except SealholdError as err:
        yield broken("bounds", f"no such bounds: {err}")
        return
    bounds = expected["predicate"]["bounds"]
    cost = show_bits(bounds["answer_microbits"])
    detail = f"{bounds['alternatives']} answers, {cost} bits each"
    yield same("bounds", _at(told, "predicate", "bounds"), bounds, detail)
    if isinstance(signed.told, Conduct) and len(signed.told.resources) != len(task.task.resources):
        yield broken("resources", "not one digest for each resource that the task names")
    yield same("statement", told, expected, "says nothing beyond its form")


def _value(task: SignedTask, answer: Answer, signed: Signed) -> Iterator[Finding]:
    try:
        task.task.param(answer.param)
        task.task.selection(answer.selection)
    except SealholdError as err:
        yield broken("value", str(err))
        return
    yield from value_findings(task.task, signed.coarsen, answer.value)
    yield from recipient_findings(task.task, answer.recipient)


def _machine(
    found: ProofParts,
    task: SignedTask,
    answer: Answer,
    signed: Signed,
    policy: Policy,
    at: Instant,
) -> Iterator[Finding]:
    """Yield what is said about the machine, and whether that is as much as is demanded."""
    told, vouched = signed.told, None
    if isinstance(told, Conduct):
        vouched = Vouched(
            claim=told.evidence,
            evidence=found.evidence,
            nonce=answer.nonce,
            statement=signed.digest,
            session=PublicKey(bytes.fromhex(found.keys.proof)),
            runtime=told.runtime.binary,
            code=task.task.code_digest,
            left=answer.slot_time,
        )
    yield from machine_findings(vouched, told.isolation, signed.runtime, policy, at)


def _at(tree: Plain, *path: str | int) -> Plain:
    """Return the part of a signed tree at `path`; None if it is not there."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree
