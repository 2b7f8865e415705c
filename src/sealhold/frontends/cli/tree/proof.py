"""The commands about what can be shown: proofs, the log, a machine's evidence.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _verify() -> Function:
    from sealhold.frontends.cli.verify import verify

    return verify


def _proof_show() -> Function:
    from sealhold.frontends.cli.proof_show import proof_show

    return proof_show


def _proof_present() -> Function:
    from sealhold.frontends.cli.proof_present import proof_present

    return proof_present


def _audit_show() -> Function:
    from sealhold.frontends.cli.audit_show import audit_show

    return audit_show


def _evidence_appraise() -> Function:
    from sealhold.frontends.cli.evidence_appraise import evidence_appraise

    return evidence_appraise


def _audit_keys() -> Function:
    from sealhold.frontends.cli.audit_keys import audit_keys

    return audit_keys


def _audit_accept() -> Function:
    from sealhold.frontends.cli.audit_accept import audit_accept

    return audit_accept


def _audit_statement() -> Function:
    from sealhold.frontends.cli.audit_statement import audit_statement

    return audit_statement


def _audit_alerts() -> Function:
    from sealhold.frontends.cli.audit_alerts import audit_alerts

    return audit_alerts


def _audit_verify() -> Function:
    from sealhold.frontends.cli.audit_verify import audit_verify

    return audit_verify


SHOWN = {
    "show": Entry(
        about="Show what an answer's proof says, and what of it is hidden.",
        example="proof show c-0123456789ab",
        load=_proof_show,
    ),
    "present": Entry(
        about="Show an answer's proof to somebody, with the claims that you open.",
        example="proof present c-0123456789ab --open value --audience bank --nonce 7f3a --out bank",
        load=_proof_present,
    ),
}
AUDIT = {
    "show": Entry(
        about="Show what happened: who, why, what left, at what cost.",
        example="audit show --limit 10",
        load=_audit_show,
    ),
    "statement": Entry(
        about="Tell what happened in a month: who used what for what, what left, what to decide.",
        example="audit statement --month 2026-10",
        load=_audit_statement,
    ),
    "alerts": Entry(
        about="Tell what is odd about uses of your data, and how to stop it.",
        example="audit alerts",
        load=_audit_alerts,
    ),
    "verify": Entry(
        about="Read and recompute everything that is kept.",
        example="audit verify",
        load=_audit_verify,
    ),
    "keys": Entry(
        about="List the keys that sign for the log.",
        example="audit keys",
        load=_audit_keys,
    ),
    "accept": Entry(
        about="Go on with a database that is older than it was.",
        example="audit accept",
        load=_audit_accept,
    ),
}
EVIDENCE = {
    "appraise": Entry(
        about="Tell what a machine's evidence is worth; needs no vault and no network.",
        example="evidence appraise examples/evidence/software.cwt --kind sw"
        " --nonce 0011223344556677 --statement examples/evidence/statement.json"
        " --collateral examples/evidence/device.key --at 2026-11-22T12:00Z",
        load=_evidence_appraise,
    ),
}
PROOF: Mapping[str, Entry | Group] = {
    "verify": Entry(
        about="Check a proof, a receipt, a statement and their like; needs no vault.",
        example="verify answer/proof.json",
        load=_verify,
    ),
    "proof": Group(about="What you show of an answer, claim by claim.", entries=SHOWN),
    "audit": Group(about="What happened.", entries=AUDIT),
    "evidence": Group(about="What a machine shows about itself.", entries=EVIDENCE),
}
