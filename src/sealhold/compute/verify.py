"""Verification away from any vault: proofs, receipts and audit bundles, known by their content.

- Offline and without a clock: bytes, trusted keys and a time come in, a verdict goes out.
- A file that was one of ours and differs in a byte anywhere, its first ones included, is altered
  (6); only what bears no mark of ours is no proof (5). The worst file decides.
- Keys are trusted by role, `proof`, `author`, `receipt` and `log`, because the author of a program
  must not pass for the vault that ran it. A role without keys is checked against the key inside
  the file, and the verdict says that this key is not pinned.

Source: docs/spec/10-proof.md section 5.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sealhold.audit.bundle import looks_like_bundle, verify_bundle
from sealhold.audit.receipt import looks_like_receipt, verify_receipt
from sealhold.audit.verdict import ALTERED, HELD, NO_PROOF, UNTRUSTED
from sealhold.compute.compliance import FILE_SCHEMA, PAYLOAD_TYPE
from sealhold.compute.proof_checks import Policy, check_proof
from sealhold.model.quantities import Instant
from sealhold.model.shown import Check, Verdict

Pins = Mapping[str, Collection[bytes]]  # role to the public keys that the reader trusts in it

NO_PINS: Final[Pins] = MappingProxyType({})
ANY: Final = Policy()
MAX_FAULTY_START: Final = 8  # bytes of the magic that may differ in a damaged proof

_MAGIC: Final = f'{{"$schema":"{FILE_SCHEMA}"'.encode()
_MARKS: Final = (
    FILE_SCHEMA.encode(),
    f'"payloadType":"{PAYLOAD_TYPE}"'.encode(),
    b'"proof":{"payload":"',
    b'"task":{"payload":"',
)
_SEVERITY: Final = (HELD, UNTRUSTED, NO_PROOF, ALTERED)


def verify_files(
    files: Sequence[bytes], pins: Pins | None = None, *, at: Instant, policy: Policy = ANY
) -> Verdict:
    """Return one verdict on all of `files`.

    Args:
        files: the content of each file.
        pins: the keys that are trusted, by role; an unknown role is ignored.
        at: the time to judge by; what left later than that is refused.
        policy: what is demanded besides.
    """
    verdicts = [_verify(data, pins or NO_PINS, at, policy) for data in files]
    if not verdicts:
        return Verdict(checks=(), exit_code=NO_PROOF, sentence="There is no file to verify.")
    if len(verdicts) == 1:
        return verdicts[0]
    numbered = tuple(
        Check(name=f"file {number}, {check.name}", held=check.held, detail=check.detail)
        for number, verdict in enumerate(verdicts, 1)
        for check in verdict.checks
    )
    worst = max(verdicts, key=lambda verdict: _SEVERITY.index(verdict.exit_code))
    place = verdicts.index(worst) + 1
    return Verdict(
        checks=numbered,
        exit_code=worst.exit_code,
        sentence=f"{len(files)} files; of file {place}: {worst.sentence}",
    )


def looks_like_proof(data: bytes) -> bool:
    """Return whether `data` is a proof file, perhaps an altered one."""
    start = data[: len(_MAGIC)].ljust(len(_MAGIC), b"\x00")
    differing = sum(ours != theirs for ours, theirs in zip(_MAGIC, start, strict=True))
    return differing <= MAX_FAULTY_START or any(mark in data for mark in _MARKS)


def _verify(data: bytes, pins: Pins, at: Instant, policy: Policy) -> Verdict:
    if looks_like_proof(data):
        return _verify_proof(data, pins, at, policy)
    if looks_like_bundle(data):
        return _unpinned(verify_bundle(data, pins.get("log", ())), policy)
    if looks_like_receipt(data):
        return _unpinned(verify_receipt(data, pins.get("receipt", ())), policy)
    return Verdict(
        checks=(),
        exit_code=NO_PROOF,
        sentence="This is neither a proof, a receipt nor an audit bundle.",
    )


def _verify_proof(data: bytes, pins: Pins, at: Instant, policy: Policy) -> Verdict:
    findings = list(check_proof(data, pins, at, policy))
    code = max(finding.code for finding in findings)
    first = next((finding.check for finding in findings if finding.code == code), None)
    told = f"{first.name}: {first.detail}" if first else ""
    sentence = {
        HELD: "Everything in this proof is as its keys signed it.",
        UNTRUSTED: f"Whole, but less than you demand: {told}.",
    }.get(code, f"Do not trust this proof: {told}.")
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
