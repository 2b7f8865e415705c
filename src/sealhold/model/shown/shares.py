"""What is told of shares: what a change would show to whom, what there is, what was used.

Source: docs/spec/49-sharing.md; docs/spec/52-share-spaces.md.
"""

from dataclasses import dataclass

from sealhold.model.quantities import MicroBits


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One clause in words, and what makes it hold."""

    says: str
    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """Something odd about a share, before it holds."""

    sign: str
    fix: str
    objects: tuple[str, ...]  # names


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectView:
    """What a change does for one person at one tier: names of objects."""

    person: str
    tier: str
    appears: tuple[str, ...]
    goes: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    types: tuple[tuple[str, int], ...]  # of what appears


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramView:
    """The program that answers under a share, as its manifest says."""

    name: str
    version: str
    author: str
    task: str  # SHA-256 of the manifest, in hex
    reason: str
    says: str  # which answers there can be, in words
    inputs: tuple[tuple[str, str], ...]  # parameter and selection: what it may be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersView:
    """What a share in which a program answers can tell; all bounds of the worst case."""

    program: ProgramView
    left_out: tuple[str, ...]  # fields that the program asks for and does not get
    object_bits: MicroBits  # that each object may tell in all its life, this share among it
    object_added: MicroBits  # of these, by this share
    answer_bits: MicroBits  # of each new answer
    person_left: MicroBits  # that the person may still be told this year
    charged: int  # answers that were charged


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """A share as it would be."""

    label: str  # of its tier
    lines: tuple[LineView, ...]
    effects: tuple[EffectView, ...]
    findings: tuple[FindingView, ...]
    would_add: tuple[tuple[int, int], ...]  # days back, objects that a rule would have added
    digest: str  # to be given back with a yes
    answers: AnswersView | None = None  # where a program answers


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """A share that was given."""

    id: str
    name: str
    people: tuple[str, ...]
    label: str
    standing: str  # in force, not begun, over, used up or taken back
    lines: tuple[LineView, ...]
    objects: int
    uses: int
    most: int | None
    receipts: int
    odd: tuple[str, ...]  # what does not fit among the receipts
    silent: tuple[str, ...]  # uses that were released more than a day ago and have no receipt
    unconfirmed: tuple[str, ...]  # own devices that may still answer from a lease
    answers: AnswersView | None = None  # where a program answers


@dataclass(frozen=True, slots=True, kw_only=True)
class UseView:
    """A use of a share."""

    number: int | None
    at: int  # ms since 1970
    person: str
    action: str
    purpose: str
    object: str
    permitted: bool
    signed: str  # by both, by their device, or not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedView:
    """What a revocation does, in the four lines that are true of it."""

    stops: str
    given: str
    asked: str
    unknown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedView:
    """A share by another person."""

    id: str
    name: str
    owner: str
    label: str
    standing: str
    lines: tuple[LineView, ...]
    objects: tuple[str, ...]  # names with their folders
    waiting: int  # asks without an answer yet
    program: ProgramView | None = None  # where a program answers


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What a program answered under a share."""

    number: int  # of the use
    param: str
    selection: str
    value: int
    reads: str  # what a number of several parts says; empty for one that is just a number
