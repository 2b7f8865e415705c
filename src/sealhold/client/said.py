"""What a vault tells of processings, runs and choices; and the terms that an app hands in.

Source: docs/spec/31-client.md section 3; docs/reference/http.md.
"""

import msgspec

from sealhold.client.tokens import Token


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A controller or an authority, and how to reach it."""

    identifier: str = ""
    name: str = ""
    address: str = ""
    contact: str = ""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What a consent record says beside the terms."""

    service: str = ""
    collection: str = ""
    method: str = ""
    storage_location: str = ""
    processing_location: str = ""
    jurisdiction: str = ""
    withdrawal: str = ""
    controller: Party = Party()
    authority: Party = Party()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a processing does, with which program, for what, and how long."""

    name: str
    code: str  # SHA-256 of the program, 64 hex digits
    purpose: str
    basis: str  # `eu-gdpr:A6-1-a` and the like
    retention_days: int
    special: str = ""
    fields: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    transfers: tuple[str, ...] = ()
    automated: bool = False
    risk: str = "low"  # `low`, `medium`, `high`
    output_bytes: int = 0  # the most that one run may give out
    strict: bool = True
    balancing: str = ""
    circumstances: Circumstances = Circumstances()


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What an assessment of the risks came to."""

    outcome: str
    text: str
    digest: str


class Processing(msgspec.Struct, frozen=True, kw_only=True):
    """A processing as it stands."""

    processing: str
    app: str
    version: int
    edition: int  # +1 with each material change, which asks everybody anew
    state: str
    notice: str
    terms: Terms
    needs_assessment: bool
    assessment: Assessment | None
    gaps: tuple[str, ...]


class Processings(msgspec.Struct, frozen=True, kw_only=True):
    """Processings, the oldest first."""

    processings: tuple[Processing, ...]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A text that people may be shown for a processing, by its digest."""

    notice: str
    processing: str
    edition: int
    digest: str
    language: str
    version: str
    at: int


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """Texts that people may be shown."""

    notices: tuple[Notice, ...]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has begun, and the lease that reads for it."""

    run: str
    lease: Token
    until: int
    reads: int


class RunEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it ended."""

    run: str
    state: str
    reads: int
    people: int


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """A result that was released: what the vault says about it, signed."""

    run: str
    people: int
    statement: str


class Permitting(msgspec.Struct, frozen=True, kw_only=True):
    """One of those who permit a run."""

    subject: str


class PermittingPage(msgspec.Struct, frozen=True, kw_only=True):
    """People who permit a run."""

    people: tuple[Permitting, ...]
    after: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a use is permitted at this moment; the reason for those who may know it."""

    decision: str
    permit: bool
    code: str
    sentence: str
    masks: dict[str, str] = {}  # fields that leave masked, and how


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened with a person's data."""

    at: int
    app: str
    actor: str
    what: str
    purpose: str
    fields: tuple[str, ...]
    outcome: str
    run: str | None
    processing: str
    collection: str = ""  # of the records that it was about


class UsesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest uses first."""

    uses: tuple[Use, ...]
    before: str


class RunLog(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, the newest first."""

    uses: tuple[Use, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A processing as one person sees it, and what they said to it."""

    processing: str
    name: str
    purpose: str
    basis: str
    special: str
    fields: tuple[str, ...]
    recipients: tuple[str, ...]
    transfers: tuple[str, ...]
    retention_days: int
    automated: bool
    is_active: bool
    state: str
    is_asked: bool
    stops: bool
    why: str
    notice: str  # to be named with a yes
    consent: str | None
    at: int | None
    ends: int | None


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Each processing as one person sees it."""

    choices: tuple[Choice, ...]


class ChoiceMade(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said just now, and their receipt."""

    choice: Choice
    receipt: str
    record: str  # the signed consent record


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said about all uses of their data."""

    is_restricted: bool
    restricted_at: int | None
    lifts_at: int | None
    objections: tuple[str, ...]
