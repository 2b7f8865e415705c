"""Rules that hold for every form of a proof: one `Finding` each, with how bad it is if it fails.

- A finding is what was looked at, whether it held, and what the verdict is at least.
- What a reader demands is a `Policy`; what it does not demand is told, and held.

Source: docs/spec/10-proof.md section 4.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sealhold.audit.verdict import ALTERED, HELD, UNTRUSTED
from sealhold.compute.aggregates import released_range
from sealhold.compute.evidence import Kind
from sealhold.compute.parts import words
from sealhold.compute.task import Task
from sealhold.compute.vouching import SOFTWARE, Terms, Vouched, Worth, meets, worth_of
from sealhold.crypto.sign import is_named, key_digest
from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import MINUTE, Instant, rfc3339
from sealhold.model.shown import Check

SKEW = 5 * MINUTE  # by which two honest clocks may differ
GLASS: Final = "glass: whoever owns the vault sees all that it processes"
SEALED: Final = "sealed: hardware hides from its owner what it processes"
UNKNOWN: Final = "none: nothing is said about who sees what it processes"

Pins = Mapping[str, Collection[bytes]]  # role to the keys, or digests, that are trusted in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a reader demands beyond that all signatures and digests fit."""

    evidence: Kind = "sw"  # the weakest that is taken; anything but `sw` is hardware
    confidentiality: Literal["any", "sealed"] = "any"  # `sealed`: hidden from its owner, too
    confined: bool = False  # the kernel must have confined the program
    pinned: bool = False  # each key must be one that the reader named
    audience: str | None = None  # whom a presentation must be for
    nonce: str | None = None  # which must stand in it
    terms: Terms = field(default_factory=Terms)  # what evidence is judged with


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule, looked at."""

    check: Check
    code: int  # HELD, or what the whole verdict is at least


def held(name: str, detail: str) -> Finding:
    """Return that a rule held."""
    return Finding(check=Check(name=name, held=True, detail=detail), code=HELD)


def below(name: str, detail: str) -> Finding:
    """Return that it is whole, but less than the reader demands."""
    return Finding(check=Check(name=name, held=False, detail=detail), code=UNTRUSTED)


def broken(name: str, detail: str) -> Finding:
    """Return that it is not what was signed."""
    return Finding(check=Check(name=name, held=False, detail=detail), code=ALTERED)


def same(name: str, told: Plain, wanted: Plain, detail: str) -> Finding:
    """Return whether what was signed is what follows from the rest."""
    if told == wanted and type(told) is type(wanted):
        return held(name, detail)
    return broken(name, f"what was signed does not fit the {name} in the file")


def short(key: bytes) -> str:
    """Return the beginning of a key's digest."""
    return key_digest(key)[:16]


def title(task: Task) -> str:
    """Return a task's name and version."""
    return f"{task.name} {task.version}"


def key_finding(role: str, key: bytes, pins: Pins, policy: Policy) -> Finding:
    """Return whether `key` is one that the reader trusts in this role."""
    name = f"{role} key"
    # THREAT T42: a key counts in its own role only; an author's key makes no proof.
    if is_named(key, pins.get(role, ())):
        return held(name, f"{short(key)}, one that you trust")
    if pins.get(role):
        return broken(name, f"{short(key)} is none of those that you trust as `{role}`")
    if policy.pinned:
        return below(name, f"{short(key)}, key not pinned")
    return held(name, f"{short(key)}, key not pinned: compare it with one you trust")


def value_findings(task: Task, coarsen: int, value: int | None) -> Iterator[Finding]:
    """Yield whether `value` is one of the answers that there can be; None: it is not shown."""
    try:
        permitted = released_range(task.aggregate, coarsen)
    except SealholdError as err:
        yield broken("value", str(err))
        return
    shape = f"{permitted.size} from {permitted.first} to {permitted.last}"
    if value is None:
        yield held("value", f"not shown; one of the {shape}")
    elif value in permitted:
        says = words(task.aggregate, task.evaluate.range, task.input.max_objects, value)
        detail = f"{value} is one of the {shape}" + (f"; it reads {says}" if says else "")
        yield held("value", detail)
    else:
        yield broken("value", f"{value} is none of the {shape}")


def recipient_findings(task: Task, recipient: str) -> Iterator[Finding]:
    """Yield a fault if the task names recipients, and this is none of them."""
    recipients = task.output.recipients
    if recipients and recipient not in recipients:
        yield broken("recipient", f"the task does not name `{recipient}`")


def time_finding(expires: Instant | None, slot_time: Instant, at: Instant) -> Finding:
    """Return whether an answer left in the task's time, and before now."""
    left = rfc3339(slot_time)
    if expires is not None and slot_time >= expires:
        return broken("time", f"left at {left}, but the task ended {rfc3339(expires)}")
    if slot_time > at + SKEW:
        return broken("time", f"left at {left}, which is still to come")
    known = "while the task was in force" if expires is not None else "before now"
    return held("time", f"left at {left}, {known}")


def machine_findings(
    vouched: Vouched | None, isolation: str, runtime: str, policy: Policy, at: Instant
) -> Iterator[Finding]:
    """Yield what is said about the machine, and whether that is as much as is demanded.

    Args:
        vouched: None for format 1, which says of itself that it is software.
        isolation: how the program was confined.
        runtime: what ran it.
        policy: what the reader demands.
        at: the reader's time.
    """
    worth = Worth(told=SOFTWARE, is_software=True, confidentiality="glass")
    if vouched is not None:
        try:
            worth = worth_of(vouched, policy.terms, at)
        except SealholdError as err:
            yield broken("evidence", f"not what the statement says of it: {err}")
            return
    if meets(worth, policy.evidence):
        yield held("evidence", worth.told)
    elif worth.is_judged:
        yield below("evidence", f"{worth.told}; `{policy.evidence}` is demanded")
    else:
        # THREAT T178: a kind that was not judged is less than anybody demands, software included
        yield below("evidence", worth.told)
    seen = {"sealed": SEALED, "glass": GLASS, "none": UNKNOWN}[worth.confidentiality]
    if policy.confidentiality == "sealed" and not (
        worth.confidentiality == "sealed" and meets(worth, policy.evidence, sealed=True)
    ):
        yield below("confidentiality", f"{seen}; `sealed` is demanded")
    else:
        yield held("confidentiality", seen)
    # THREAT T178: how a program was confined is the vault's word unless hardware vouches for it
    word = "" if worth.is_affirmed else ", by this vault's word"
    if policy.confined and isolation == "language-only":
        yield below("isolation", "the program was confined by its language alone")
    else:
        yield held("isolation", f"{isolation}, in {runtime}{word}")
