"""`sealhold proof show`."""

import re
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import bits, moment
from sealhold.model.ids import Kind
from sealhold.model.shown import ClaimView, ProofView

_DIGITS = re.compile(r"[0-9a-f]{32,}")


def proof_show(
    context: typer.Context,
    receipt: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="Its id, from `sealhold run` or the ledger.")
    ],
) -> None:
    """Show what an answer's proof says, and what of it is hidden.

    Each claim can be opened to somebody by `sealhold proof present`. What the app was told with
    the answer costs nothing more. With --json, the salts of the proof's commitments, too.
    """
    session = Session.of(context)
    with reading(session) as node:
        proof = node.parts.proofs.show(receipt)
    columns = (Column("Claim", whole=True), Column("What it is"), Column("Value"), Column("Opens"))
    rows = [
        (safe(each.name), each.about, safe(_shortened(each, proof)), _opens(each))
        for each in proof.claims
    ]
    emit(
        session,
        proof,
        Table(columns, rows),
        Line(
            f"Show it to somebody: sealhold proof present {short(Kind.RECEIPT, proof.receipt)}"
            " --open value --audience NAME --nonce NONCE --out DIR",
            "hint",
        ),
    )


def _shortened(claim: ClaimView, proof: ProofView) -> str:
    """Return a value as a line has room for it; whole with --json."""
    if claim.name == "receipt":
        return short(Kind.RECEIPT, proof.receipt)
    return f"{claim.value[:16]}..." if _DIGITS.fullmatch(claim.value) else claim.value


def _opens(claim: ClaimView) -> str:
    if claim.opened_at is not None:
        return f"open since {moment(claim.opened_at)}"
    return f"for {bits(claim.cost)}" if claim.cost else "at no cost"
