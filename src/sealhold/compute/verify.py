"""Verification away from any vault: proofs, presentations, tasks, receipts, statements, and more.

- Files are known by their content. A signed task beside a presentation is what its bounds are
  recomputed from, and an entry of the log beside it is compared with the one that it opens.
- Offline and without a clock: bytes, trusted keys and a time come in, a verdict goes out.
- A file that was one of ours and differs in a byte anywhere, its first ones included, is altered
  (6); only what bears no mark of ours is no proof (5). The worst file decides.
- A list of a log's keys beside other papers leads from a log key that is trusted to the others.
- Keys are trusted by role, `proof`, `author`, `receipt` and `log`, because the author of a program
  must not pass for the vault that ran it. A role without keys is checked against the key inside
  the file, and the verdict says that this key is not pinned.

Source: docs/spec/10-proof.md section 8.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from sealhold.audit.bundle import looks_like_bundle, verify_bundle
from sealhold.audit.erasure import looks_like_erasure, verify_erasure
from sealhold.audit.receipt import looks_like_receipt, verify_receipt
from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import looks_like_statement
from sealhold.audit.succession import led_to, looks_like_keys, successions_in, verify_keys
from sealhold.audit.verdict import ALTERED, HELD, NO_PROOF, UNTRUSTED
from sealhold.compute import task as tasks
from sealhold.compute.compliance import FILE_SCHEMA, PAYLOAD_TYPE
from sealhold.compute.credential import KIND
from sealhold.compute.credential_checks import check_presentation
from sealhold.compute.proof_checks import check_proof
from sealhold.compute.proof_first import FILE_SCHEMA as FIRST_SCHEMA
from sealhold.compute.proof_rules import (
    Finding,
    Pins,
    Policy,
    broken,
    held,
    key_finding,
    title,
)
from sealhold.compute.task import SignedTask, open_task
from sealhold.compute.together import compare, compare_keys
from sealhold.crypto.sdjwt import BINDING_TYPE, head_of
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import Instant
from sealhold.model.shown import Check, Verdict
from sealhold.vault.parcelcheck import looks_like_parcel, verify_parcel

NO_PINS: Final[Pins] = MappingProxyType({})
ANY: Final = Policy()
MAX_FAULTY_START: Final = 8  # bytes of the magic that may differ in a damaged proof

_MAGICS: Final = tuple(f'{{"$schema":"{name}"'.encode() for name in (FILE_SCHEMA, FIRST_SCHEMA))
_MARKS: Final = (
    FILE_SCHEMA.encode(),
    FIRST_SCHEMA.encode(),
    f'"payloadType":"{PAYLOAD_TYPE}"'.encode(),
    b'"proof":{"payload":"',
    b'"task":{"payload":"',
)
_SHOWN_MARKS: Final = (  # of a presentation: either header, and how the claims begin
    head_of(KIND).encode(),
    head_of(BINDING_TYPE).encode(),
    b".eyJfc2QiOlsi",
)
_TASK_MARK: Final = f'"payloadType":"{tasks.PAYLOAD_TYPE}"'.encode()
_SEVERITY: Final = (HELD, UNTRUSTED, NO_PROOF, ALTERED)


def verify_files(
    files: Sequence[bytes],
    pins: Pins | None = None,
    *,
    at: Instant,
    policy: Policy = ANY,
    log: bytes | None = None,
) -> Verdict:
    """Return one verdict on all of `files`.

    Args:
        files: the content of each file.
        pins: the keys that are trusted, by role; an unknown role is ignored.
        at: the time to judge by; what left later than that is refused.
        policy: what is demanded besides.
        log: an export of the log, by which statements are added up again.
    """
    at_hand, successions = _tasks(files), successions_in(files)
    trusted = dict(pins or NO_PINS)
    trusted["log"] = led_to(trusted.get("log", ()), successions)
    verdicts = [_verify(data, at_hand, trusted, at, policy, log) for data in files]
    if not verdicts:
        return Verdict(checks=(), exit_code=NO_PROOF, sentence="There is no file to verify.")
    if len(verdicts) == 1:
        return verdicts[0]
    numbered = tuple(
        Check(name=f"file {number}, {check.name}", held=check.held, detail=check.detail)
        for number, verdict in enumerate(verdicts, 1)
        for check in verdict.checks
    )
    bundles = [data for data in files if looks_like_bundle(data)]
    joint = list(compare_keys(successions, bundles))
    joint += compare(
        [data for data in files if looks_like_presentation(data)],
        [data for data in files if looks_like_receipt(data)],
        bundles,
    )
    numbered += tuple(replace(each.check, name=f"together, {each.check.name}") for each in joint)
    failed = next((each.check for each in joint if each.code != HELD), None)
    if failed is not None:
        told = f"{len(files)} files; together: {failed.name}: {failed.detail}."
        return Verdict(checks=numbered, exit_code=ALTERED, sentence=told)
    worst = max(verdicts, key=lambda verdict: _SEVERITY.index(verdict.exit_code))
    place = verdicts.index(worst) + 1
    return Verdict(
        checks=numbered,
        exit_code=worst.exit_code,
        sentence=f"{len(files)} files; of file {place}: {worst.sentence}",
    )


def looks_like_proof(data: bytes) -> bool:
    """Return whether `data` is a proof file, perhaps an altered one."""
    starts = any(_differing(magic, data) <= MAX_FAULTY_START for magic in _MAGICS)
    return starts or any(mark in data for mark in _MARKS)


def looks_like_presentation(data: bytes) -> bool:
    """Return whether `data` is a presentation, perhaps an altered one."""
    return any(mark in data for mark in _SHOWN_MARKS)


def looks_like_task(data: bytes) -> bool:
    """Return whether `data` says of itself that it is a signed task."""
    return _TASK_MARK in data


def _differing(magic: bytes, data: bytes) -> int:
    start = data[: len(magic)].ljust(len(magic), b"\x00")
    return sum(ours != theirs for ours, theirs in zip(magic, start, strict=True))


def _tasks(files: Sequence[bytes]) -> dict[str, SignedTask]:
    """Return the signed tasks among `files`; an altered one is told of in its own verdict."""
    found = {}
    for data in files:
        if looks_like_task(data) and not looks_like_proof(data):
            try:
                task = open_task(data)
            except SealholdError:
                continue
            found[task.task.digest.hex()] = task
    return found


def _verify(
    data: bytes,
    at_hand: Mapping[str, SignedTask],
    pins: Pins,
    at: Instant,
    policy: Policy,
    log: bytes | None,
) -> Verdict:
    if looks_like_presentation(data):
        text = data.decode("ascii", "replace")
        return _judge("presentation", check_presentation(text, at_hand, pins, at, policy))
    if looks_like_proof(data):
        return _judge("proof", check_proof(data, pins, at, policy))
    paper = _paper(data, pins, log)
    if paper is not None:
        return _unpinned(paper, policy)
    if looks_like_task(data):
        return _judge("task", _check_task(data, pins, policy))
    return Verdict(
        checks=(),
        exit_code=NO_PROOF,
        sentence="This is neither a proof, a presentation, a task, a receipt, an export,"
        " a statement nor an audit bundle.",
    )


def _paper(data: bytes, pins: Pins, log: bytes | None) -> Verdict | None:
    """Return the verdict on a receipt, an export or an excerpt of the log; None for others."""
    issuers, logs = pins.get("receipt", ()), pins.get("log", ())
    papers: tuple[tuple[Callable[[bytes], bool], Callable[[], Verdict]], ...] = (
        (looks_like_statement, lambda: verify_statement(data, log, issuers, logs)),
        (looks_like_parcel, lambda: verify_parcel(data, issuers)),
        (looks_like_bundle, lambda: verify_bundle(data, logs)),
        (looks_like_keys, lambda: verify_keys(data, logs)),
        (looks_like_erasure, lambda: verify_erasure(data, issuers, logs)),
        (looks_like_receipt, lambda: verify_receipt(data, issuers)),
    )
    return next((verify() for looks_so, verify in papers if looks_so(data)), None)


def _check_task(data: bytes, pins: Pins, policy: Policy) -> Iterable[Finding]:
    """Yield whether a signed task is as its author signed it."""
    try:
        task = open_task(data).task
    except SealholdError as err:
        yield broken("task signature", f"not a task as its author signed it: {err}")
        return
    yield held("task signature", f"by {task.author.name}, over {title(task)}")
    yield key_finding("author", bytes.fromhex(task.author.key), pins, policy)
    yield held("manifest", task.digest.hex()[:16])


def _judge(what: str, steps: Iterable[Finding]) -> Verdict:
    findings = list(steps)
    code = max(finding.code for finding in findings)
    first = next((finding.check for finding in findings if finding.code == code), None)
    told = f"{first.name}: {first.detail}" if first else ""
    sentence = {
        HELD: f"Everything in this {what} is as its keys signed it.",
        UNTRUSTED: f"Whole, but less than you demand: {told}.",
    }.get(code, f"Do not trust this {what}: {told}.")
    return Verdict(
        checks=tuple(finding.check for finding in findings), exit_code=code, sentence=sentence
    )


def _unpinned(verdict: Verdict, policy: Policy) -> Verdict:
    """Return `verdict` with one rule for all papers: a key that is not pinned is only said so."""
    if verdict.exit_code != UNTRUSTED or policy.pinned:
        return verdict
    told = tuple(
        Check(name=check.name, held=True, detail=f"{check.detail}; key not pinned")
        if not check.held
        else check
        for check in verdict.checks
    )
    return Verdict(checks=told, exit_code=HELD, sentence=verdict.sentence)
