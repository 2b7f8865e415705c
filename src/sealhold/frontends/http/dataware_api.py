"""Rules written ahead and the inbox for the owner's programs; what there is, for an app.

- A rule is looked at without a proof; writing one and taking one back need the passphrase.

Source: docs/spec/39-dataware.md; docs/spec/20-faces.md section 7.
"""

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import GrantView
from sealhold.model.shown.dataware import (
    ComponentView,
    InboxLine,
    ListedDataset,
    RuleDraft,
    RuleLook,
    RuleView,
    ShowingView,
)


class SaidRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule; an empty list means any, and `bits` are micro-bits."""

    effect: str
    apps: list[str] = []  # reason: msgspec copies the default
    processors: list[str] = []  # reason: the same
    purposes: list[str] = []  # reason: the same
    datasets: list[str] = []  # reason: the same
    columns: list[str] = []  # reason: the same
    bits: int = 0

    def draft(self) -> RuleDraft:
        """Return it as the vault takes it."""
        return RuleDraft(
            effect=self.effect,
            apps=tuple(self.apps),
            processors=tuple(self.processors),
            purposes=tuple(self.purposes),
            datasets=tuple(self.datasets),
            columns=tuple(self.columns),
            bits=MicroBits(self.bits),
        )


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule and the owner's proof."""

    rule: SaidRule
    passphrase: str


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The owner's proof."""

    passphrase: str


def look(call: Call) -> Reply:
    """Tell what a rule would have had to say so far."""
    return Reply(value=call.vault.dataware.policies.look(read(call, SaidRule).draft()))


def add(call: Call) -> Reply:
    """Keep a rule."""
    body = read(call, NewRule)
    rule = call.vault.dataware.policies.add(body.rule.draft(), body.passphrase)
    return Reply(value=rule, status=201)


def remove(call: Call) -> Reply:
    """Take a rule back."""
    body = read(call, Proof)
    return Reply(value=call.vault.dataware.policies.remove(call.names["id"], body.passphrase))


def resume(call: Call) -> Reply:
    """Let a paused grant hold again."""
    body = read(call, Proof)
    return Reply(value=call.vault.grants.resume(call.names["id"], body.passphrase))


ROUTES = (
    ApiRoute(
        method="GET", path="/v1/inbox", role=Role.OWNER,
        about="What waits, and what is new in it against what was asked before",
        run=lambda c: Reply(value=c.vault.dataware.inbox()), answer=tuple[InboxLine, ...],
    ),
    ApiRoute(
        method="GET", path="/v1/policies", role=Role.OWNER, about="The standing rules",
        run=lambda c: Reply(value=c.vault.dataware.policies.list()),
        answer=tuple[RuleView, ...],
    ),
    ApiRoute(
        method="GET", path="/v1/policies/{id}", role=Role.OWNER, about="One standing rule",
        run=lambda c: Reply(value=c.vault.dataware.policies.show(c.names["id"])),
        answer=RuleView,
    ),
    ApiRoute(
        method="POST", path="/v1/policies", role=Role.OWNER, about="Write a standing rule",
        run=add, body=NewRule, answer=RuleView, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/policies/preview", role=Role.OWNER,
        about="What a rule would have had to say so far", run=look, body=SaidRule,
        answer=RuleLook,
    ),
    ApiRoute(
        method="POST", path="/v1/policies/{id}/remove", role=Role.OWNER,
        about="Take a standing rule back", run=remove, body=Proof, answer=RuleView,
    ),
    ApiRoute(
        method="GET", path="/v1/shown", role=Role.OWNER, about="What each app hears of",
        run=lambda c: Reply(value=c.vault.dataware.policies.showing()),
        answer=tuple[ShowingView, ...],
    ),
    ApiRoute(
        method="GET", path="/v1/grants/{id}/sources", role=Role.OWNER,
        about="How each source of a grant's data stands to it",
        run=lambda c: Reply(value=c.vault.grants.show(c.names["id"])[1]),
        answer=tuple[ComponentView, ...],
    ),
    ApiRoute(
        method="POST", path="/v1/grants/{id}/pause", role=Role.OWNER,
        about="Let nothing happen under a grant until it is resumed",
        run=lambda c: Reply(value=c.vault.grants.pause(c.names["id"])), answer=GrantView,
    ),
    ApiRoute(
        method="POST", path="/v1/grants/{id}/resume", role=Role.OWNER,
        about="Let a paused grant hold again", run=resume, body=Proof, answer=GrantView,
    ),
    ApiRoute(
        method="GET", path="/v1/datasets", role=Role.APP,
        about="The datasets that the owner shows to this app",
        run=lambda c: Reply(value=c.vault.outside.datasets(c.token)),
        answer=tuple[ListedDataset, ...],
    ),
)  # fmt: skip
