"""`sealhold verify`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_time
from sealhold.model.errors import UsageError
from sealhold.model.quantities import HOUR, Millis
from sealhold.model.shown import Verdict
from sealhold.node import Policy, Terms, verify_files

ROLES = ("proof", "author", "receipt", "log")
FLAGS = {"confined", "pinned", "sealed"}
KEY_BYTES = 32  # of a key, and of its digest
MAX_LOG = 512 * 1_048_576  # bytes; some two million entries
MAX_FILE = 64 * 1_048_576  # bytes; an audit bundle of a million entries is far below


Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="What to check.")]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[ROLE:]HEX",
        help="A public key that you trust, or its SHA-256; ROLE is proof, author, receipt or log.",
    ),
]
Time = Annotated[
    str | None, typer.Option(metavar="TIME", help="Judge by this time instead of now.")
]
Words = Annotated[
    str,
    typer.Option(
        metavar="WORDS",
        help="What you demand, with commas: `sw`, or hardware such as `tpm2`; `sealed`;"
        " `confined`; `pinned`.",
    ),
]
Least = Annotated[
    str, typer.Option(metavar="MIN", help="The weakest evidence about the machine you take.")
]
Confidentiality = Annotated[
    str, typer.Option(metavar="MIN", help="`any`, or `sealed`: hidden from the vault's owner.")
]
Collateral = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Certificates, a key, or a vendor's document to judge evidence by."
    ),
]
Known = Annotated[
    list[str] | None, typer.Option(metavar="HEX", help="A machine or program that you know.")
]
States = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A state of a platform that you take, as a warning."),
]
Roots = Annotated[
    list[str] | None,
    typer.Option(metavar="HEX", help="SHA-256 of the root of a vendor that you trust besides."),
]
MaxAge = Annotated[
    int | None,
    typer.Option(
        metavar="HOURS",
        min=1,
        help="How old evidence may be now; without it, it is judged as of its answer.",
    ),
]
Audience = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Whom a presentation must be made for.")
]
Log = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The log, to add a statement up again by."),
]
Nonce = Annotated[str | None, typer.Option(metavar="TEXT", help="The nonce that it must bear.")]


def verify(  # noqa: PLR0913, PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    files: Files,
    key: Keys = None,
    at: Time = None,
    policy: Words = "",
    evidence: Least = "sw",
    confidentiality: Confidentiality = "any",
    collateral: Collateral = None,
    measurement: Known = None,
    state: States = None,
    root: Roots = None,
    max_age: MaxAge = None,
    audience: Audience = None,
    nonce: Nonce = None,
    log: Log = None,
) -> None:
    """Check a proof, a receipt, a statement and their like; needs no vault.

    A signed task beside a presentation is what its bounds are recomputed from. Evidence of hardware
    is judged with the collateral that you bring; what was not judged counts for nothing.

    One line per check, then the verdict. Exit code 0: holds; 3: whole, but less than you demand;
    5: no proof; 6: altered.

    Raises:
        Exit: with the code of the verdict.
        InvalidError: a file is too large to be one of these.
    """
    session = Session.of(context)
    terms = Terms(
        collateral=tuple(read_file(path, MAX_FILE) for path in collateral or ()),
        measurements=frozenset(_digits(each) for each in measurement or ()),
        states=frozenset(state or ()),
        roots=frozenset(_digits(each) for each in root or ()),
        max_age=None if max_age is None else Millis(max_age * HOUR),
    )
    demand = _policy(policy, evidence, confidentiality)
    now = world_of(session).clock()
    verdict = verify_files(
        [read_file(path, MAX_FILE) for path in files],
        _pins(key or []),
        at=now if at is None else read_time(at, now),
        policy=replace(demand, audience=audience, nonce=nonce, terms=terms),
        log=None if log is None else read_file(log, MAX_LOG),
    )
    emit(session, verdict, *_blocks(verdict))
    raise typer.Exit(verdict.exit_code)


def _blocks(verdict: Verdict) -> list[Block]:
    rows = [
        ("ok" if check.held else "NO", safe(check.name), safe(check.detail))
        for check in verdict.checks
    ]
    table = Table((Column("", whole=True), Column("Check", whole=True), Column("Found")), rows)
    last = Line(safe(verdict.sentence), "good" if verdict.exit_code == 0 else "bad")
    return [table, Line(""), last] if rows else [last]


def _pins(texts: list[str]) -> dict[str, list[bytes]]:
    pins: dict[str, list[bytes]] = {}
    for text in texts:
        role, colon, digits = text.rpartition(":")
        if colon and role not in ROLES:
            raise UsageError(f"`{safe(role)}` is none of the roles {', '.join(ROLES)}")
        try:
            key = bytes.fromhex(digits)
        except ValueError as err:
            raise UsageError("a key, or its digest, is not written in hex digits") from err
        if len(key) != KEY_BYTES:
            told = f"{2 * len(key)} hex digits, not {2 * KEY_BYTES}"
            raise UsageError(f"a key, or its digest, has {told}")
        for each in (role,) if colon else ROLES:
            pins.setdefault(each, []).append(key)
    return pins


def _digits(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as err:
        raise UsageError(f"`{safe(text[:40])}` is not written in hex digits") from err


def _policy(text: str, evidence: str, confidentiality: str) -> Policy:
    words = {word.strip() for word in text.split(",") if word.strip()}
    kinds = words - FLAGS or {evidence}
    if confidentiality not in {"any", "sealed"}:
        raise UsageError(f"`{safe(confidentiality)}` is neither `any` nor `sealed`")
    sealed = "sealed" in words or confidentiality == "sealed"
    match sorted(kinds):
        case ["sw" | "tpm2" | "sgx" | "tdx" | "snp" | "nitro" as kind]:
            return Policy(
                evidence=kind,
                confidentiality="sealed" if sealed else "any",
                confined="confined" in words,
                pinned="pinned" in words,
            )
        case _:
            raise UsageError(f"`{safe(text or evidence)}` is no policy")
