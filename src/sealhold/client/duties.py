"""What a vault tells officers: breaches, duties to keep, recipients, statements.

Source: docs/spec/31-client.md section 3; docs/reference/http.md.
"""

import msgspec

from sealhold.client.answers import Step, Value


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an app gives data to."""

    id: str
    app: str
    name: str
    contact: str


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the apps give data to."""

    recipients: tuple[Recipient, ...]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """How far a breach reached, as the log tells it."""

    app: str
    token: str | None
    since: int
    until: int
    people: int
    people_at_most: int
    entries: int
    entries_unreadable: int
    categories: tuple[str, ...]
    categories_at_most: tuple[str, ...]


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A breach and its clock."""

    id: str
    about: str
    aware_at: int
    due: int  # by when the authority is to be told
    authority: str  # how its notice stands
    persons: str  # how theirs does
    is_late: bool
    is_overdue: bool
    is_closed: bool
    steps: tuple[Step, ...]
    scopes: tuple[Scope, ...]


class Breaches(msgspec.Struct, frozen=True, kw_only=True):
    """Breaches, the most urgent first."""

    breaches: tuple[Breach, ...]


class HeldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is to be kept."""

    collection: str
    record: str


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A duty to keep what an erasure would take."""

    id: str
    app: str
    subject: str | None  # none: all of the app's people
    collections: tuple[str, ...]
    records: tuple[HeldRecord, ...]
    fields: tuple[str, ...]
    ground: str
    letter: str  # which of Article 17(3)
    purpose: str
    law: str
    made_at: int
    until: int
    is_ending: bool
    kept: int  # how many erased people something is kept of


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """Duties to keep, those that end first before the others."""

    holds: tuple[Hold, ...]


class HoldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a duty to keep would cover today."""

    hold: Hold
    people: int
    items: dict[str, int]  # how many, by table, or by `table/collection`


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one erased person, unopened."""

    id: str
    hold: str
    app: str
    receipt: str | None
    kept_at: int
    until: int
    items: dict[str, int]
    lost: int


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """A duty to keep, and what is kept under it."""

    hold: Hold
    keepings: tuple[Keeping, ...]


class HeldProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Kept fields of somebody who was erased."""

    id: str
    fields: dict[str, Value]

    def __repr__(self) -> str:
        # THREAT T301: as of every profile
        return f"HeldProfile(id={self.id!r})"


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """A use that is unlike the others."""

    rule: str
    app: str
    at: int
    about: str
    indices: tuple[int, ...]  # of its entries in the log


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """What uses of one kind came to in a month."""

    part: str  # `use`, `ask`, `source`, `own`, `upkeep`, `erased`
    of: tuple[str, ...]
    sums: dict[str, int]
    kinds: dict[str, int]
    reasons: dict[str, int]
    sets: dict[str, tuple[str, ...]]
    runs: str
    root: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What was allowed, and how it stood at the end of the month."""

    what: str
    id: str
    app: str
    purpose: str
    state: str
    since: int
    last: int
    amount: int
    marks: tuple[str, ...]
    indices: tuple[int, ...]


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one app asked for one purpose."""

    app: str
    purpose: str
    answers: int
    refused: int
    cost: int  # millionths of a bit


class StatementPage(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of a statement."""

    rows: tuple[StatementRow, ...]
    rest: StatementRow | None
    others: int
    total: StatementRow
    out: dict[str, int]
    to: tuple[tuple[str, str], ...]
    bytes_out: int
    marks: dict[str, int]
    waiting: int
    odd: int
    is_quiet: bool


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement was drawn up from."""

    month: str
    first: int
    last: int
    lines: tuple[StatementLine, ...]
    earlier: dict[str, int]
    erased: str
    standings: tuple[Standing, ...]
    odd: tuple[Odd, ...]
    page: StatementPage


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the log."""

    size: int
    root: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a month came to."""

    drawn: Drawn
    made: int
    over: bool
    log: str
    begin: Mark
    end: Mark
    note: str
    names: dict[str, str]
