"""The commands of policy: tokens on media that can be pulled out.

Source: docs/spec/41-snapshots.md section 1; docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _make() -> Function:
    from sealhold.frontends.cli.policy_token_make import policy_token_make

    return policy_token_make


def _show() -> Function:
    from sealhold.frontends.cli.policy_token_show import policy_token_show

    return policy_token_show


def _revoke() -> Function:
    from sealhold.frontends.cli.policy_token_revoke import policy_token_revoke

    return policy_token_revoke


TOKEN = {
    "make": Entry(
        about="Bind grants to a medium: they hold only while it is there.",
        example="policy token make Stick --grant g-0123456789ab --until 30d --dry-run",
        load=_make,
    ),
    "show": Entry(
        about="Show the policy tokens, and which of them are there.",
        example="policy token show",
        load=_show,
    ),
    "revoke": Entry(
        about="End a policy token, wherever it is.",
        example="policy token revoke z-0123456789ab",
        load=_revoke,
    ),
}
POLICY: Mapping[str, Entry | Group] = {
    "token": Group(about="Media that grants hang on.", entries=TOKEN),
}
