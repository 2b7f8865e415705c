"""What a vault tells of people, records and rights. Times are milliseconds since 1970, UTC.

- A value that can be changed carries its version: a change is made for just that one.
- Profiles and records do not show their content when they are printed.

Source: docs/spec/31-client.md section 3; docs/reference/http.md.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from sealhold.client.tokens import Token

Value = str | int | bool  # what a field of a profile can hold
Content = Mapping[str, Any]  # a JSON object


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person, without anything about them."""

    subject: str
    made_at: int
    version: int  # of the profile: 0 while nothing was written


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a profile as they travel."""

    version: int
    fields: dict[str, Value]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of somebody's profile that were asked for and are there."""

    subject: str
    version: int
    fields: dict[str, Value]

    def __repr__(self) -> str:
        # THREAT T301: a value that gets into a log shows nothing of a person
        return f"Profile(version={self.version})"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One of those who were found."""

    subject: str


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """Who was found, at most 100."""

    people: tuple[Match, ...]


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """What stays, or would stay, of a person who is erased, under a duty to keep it."""

    ground: str  # a DPV term
    letter: str  # which of Article 17(3)
    why: str  # the ground in words
    purpose: str  # the one that it is read for
    law: str
    until: int
    items: dict[str, int]  # how many, by table, or by `table/collection`


class Stays(msgspec.Struct, frozen=True, kw_only=True):
    """What would stay of a person, under each duty to keep."""

    stays: tuple[Stay, ...]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of an erasure."""

    receipt: str
    at: int
    stage: int  # 1: keys and rows are gone; 2: and older copies of the keys open nothing
    closes_at: int  # by when it comes to that
    rows: dict[str, int]  # how many went, by table
    paper: str  # signed: a file that `sealhold verify` reads
    stays: tuple[Stay, ...] = ()  # what is held under duties to keep


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token, said once."""

    id: str
    token: Token
    until: int


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where, on the vault's own site, a person opens their own page once."""

    path: Token
    until: int


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens ended."""

    tokens: int


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """The provider by which the people of an app sign in."""

    app: str
    issuer: str
    client_id: str
    has_secret: bool
    makes_people: bool
    set_at: int
    way_in: str  # the page of the vault's own site at which people begin
    comes_back: str  # the page to which the provider is to send them


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """That a person signs in through the provider of their app."""

    subject: str
    added_at: int


class RecordHead(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a record, without its content."""

    subject: str
    collection: str
    id: str
    version: int
    written_at: int
    retain_until: int  # 0: without end


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a record."""

    head: RecordHead
    content: dict[str, Any]

    def __repr__(self) -> str:
        # THREAT T301: the same for records
        return f"Record(version={self.head.version})"


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of a collection, by their ids."""

    records: tuple[Record, ...]
    after: str | None  # none: these were the last


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a record that are kept, the newest first."""

    versions: tuple[RecordHead, ...]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment of a record, without its content."""

    subject: str
    collection: str
    record: str
    number: int
    version: int
    size: int  # bytes
    written_at: int
    retain_until: int  # 0: without end


class Attachments(msgspec.Struct, frozen=True, kw_only=True):
    """The attachments of a record, by their numbers."""

    attachments: tuple[Attachment, ...]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why one line of many was not kept."""

    kind: str
    code: str
    detail: str = ""
    remedy: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one line of many: the record that it became, or an error."""

    line: int  # counts from 1
    subject: str = ""
    id: str = ""
    version: int = 0
    error: Refusal | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is late, refused or left out."""

    ground: str
    text: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a rights request."""

    step: str
    at: int
    by: str | None
    happened_at: int | None
    reasons: tuple[Reason, ...]


class RightsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A rights request and its clock."""

    id: str
    app: str
    subject: str | None
    right: str
    state: str
    received_at: int
    due: int
    days_left: int
    urgency: str
    is_extended: bool
    is_waiting: bool
    is_closed: bool
    steps: tuple[Step, ...]


class RightsRequests(msgspec.Struct, frozen=True, kw_only=True):
    """Rights requests, the most urgent first."""

    requests: tuple[RightsRequest, ...]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipient of somebody's data is to be told, until it arrived."""

    id: str
    app: str
    recipient: str
    name: str
    contact: str
    why: str  # `erased`, `rectified`
    subject: str | None  # none once it arrived
    person: str
    at: int


class Dues(msgspec.Struct, frozen=True, kw_only=True):
    """What recipients are to be told."""

    notices: tuple[Due, ...]
