"""Whom apps give data to, what they are told, and the record of processing activities.

Source: docs/spec/27-rights.md sections 7, 10 and 11.
"""

from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, limit, read
from sealhold.frontends.http.rights_api import acting_token
from sealhold.model.papers import ROPA, paper_schema
from sealhold.model.rights import RecipientNoticeView, RecipientView

CSV, JSON_LD, SCHEMA = "text/csv", "application/ld+json", "application/schema+json"


class NewRecipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an app gives data to, and how they are told."""

    app: str
    name: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Whom apps give data to."""

    recipients: tuple[RecipientView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientNotices:
    """What recipients are to be told."""

    notices: tuple[RecipientNoticeView, ...]


def add_recipient(call: Call) -> Reply:
    """Enter a recipient."""
    body = read(call, NewRecipient)
    made = call.vault.rights.add_recipient(acting_token(call), body.app, body.name, body.contact)
    return Reply(value=made, status=201)


def remove_recipient(call: Call) -> Reply:
    """Take a recipient out."""
    return Reply(value=call.vault.rights.remove_recipient(acting_token(call), call.names["id"]))


def notices(call: Call) -> Reply:
    """Return notices that did not arrive yet."""
    return Reply(
        value=RecipientNotices(notices=call.vault.rights.notices(acting_token(call), limit(call)))
    )


def delivered(call: Call) -> Reply:
    """Note that a notice arrived."""
    return Reply(value=call.vault.rights.delivered(acting_token(call), call.names["id"]))


def ropa(call: Call) -> Reply:
    """Return the record of processing activities."""
    data = call.vault.rights.ropa(call.query.one("role"), as_csv=False)
    return Reply(value=data, media=JSON_LD)


def ropa_table(call: Call) -> Reply:
    """Return the same as a table."""
    data = call.vault.rights.ropa(call.query.one("role"), as_csv=True)
    return Reply(value=data, media=CSV)


_BOTH = (Role.OWNER,)

ROUTES = (
    ApiRoute(
        method="GET", path="/v1/recipients", role=Role.OFFICER, also=_BOTH,
        about="Whom apps give data to",
        run=lambda c: Reply(value=Recipients(recipients=c.vault.rights.recipients())),
        answer=Recipients,
    ),
    ApiRoute(
        method="POST", path="/v1/recipients", role=Role.OFFICER, also=_BOTH,
        about="Enter whom an app gives data to", run=add_recipient, body=NewRecipient,
        answer=RecipientView, status=201,
    ),
    ApiRoute(
        method="DELETE", path="/v1/recipients/{id}", role=Role.OFFICER, also=_BOTH,
        about="Take a recipient out", run=remove_recipient, answer=RecipientView,
    ),
    ApiRoute(
        method="GET", path="/v1/recipient-notices", role=Role.APP,
        also=(Role.OWNER, Role.OFFICER), about="What recipients are to be told, until it arrived",
        run=notices, answer=RecipientNotices, query=("limit",),
    ),
    ApiRoute(
        method="POST", path="/v1/recipient-notices/{id}/delivered", role=Role.APP,
        also=(Role.OWNER, Role.OFFICER), about="A notice to a recipient arrived", run=delivered,
        answer=RecipientNoticeView,
    ),
    ApiRoute(
        method="GET", path="/v1/ropa", role=Role.OFFICER, also=_BOTH,
        about="The record of processing activities, with its gaps", run=ropa, query=("role",),
        media=JSON_LD,
    ),
    ApiRoute(
        method="GET", path="/v1/ropa.csv", role=Role.OFFICER, also=_BOTH,
        about="The record of processing activities as a table", run=ropa_table, query=("role",),
        media=CSV,
    ),
    ApiRoute(
        method="GET", path="/v1/schemas/ropa", role=Role.PUBLIC,
        about="The JSON Schema of the record of processing activities",
        run=lambda _: Reply(value=paper_schema(ROPA), media=SCHEMA), media=SCHEMA,
    ),
)  # fmt: skip
