"""What is shown of what was allowed: apps, grants, and the answers that left.

Source: docs/spec/20-faces.md.
"""

from dataclasses import dataclass

from sealhold.model.ids import AppId, GrantId, Purpose, ReceiptId, RequestId
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown.asking import Meter, RequestState, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    """What an app may do now or might do before."""

    id: GrantId
    request: RequestId
    app: AppId
    app_name: str
    purpose: Purpose
    label: str
    state: RequestState
    terms: Terms
    uses: int
    spent: MicroBits
    granted_at: Instant
    ended_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIssuer:
    """The OpenID provider by which the people of an app sign in, as the app named it."""

    issuer: str
    client_id: str
    makes_people: bool  # an account that nobody named becomes a person of the app
    set_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AppView:
    """An app that the vault knows."""

    id: AppId
    name: str
    key_digest: str
    key_words: tuple[str, str, str, str]
    state: str  # active | suspended | removed
    registered_at: Instant
    last_used: Instant | None
    meter: Meter
    grants: tuple[GrantView, ...]
    issuer: AppIssuer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What left after one run, and the papers that go with it."""

    grant: GrantId
    value: int
    reads: str = ""  # what a number of several parts says
    label: str
    cost: MicroBits  # 0 when the stored answer was given again
    released_at: Instant
    receipt: ReceiptId
    sealed: bytes  # to the destination's key; what the app gets
    proof: bytes  # the whole file that `sealhold verify` reads, as the app gets it
    owner_receipt: bytes  # DSSE, with the place in the log
    seq: int  # of the entry in the log
