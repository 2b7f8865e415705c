"""The commands about rules that answer in the owner's place, and media that grants hang on.

Source: docs/spec/39-dataware.md section 2; docs/spec/41-snapshots.md section 1.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _policy_add() -> Function:
    from sealhold.frontends.cli.policy_add import policy_add

    return policy_add


def _policy_list() -> Function:
    from sealhold.frontends.cli.policy_list import policy_list

    return policy_list


def _policy_show() -> Function:
    from sealhold.frontends.cli.policy_show import policy_show

    return policy_show


def _policy_remove() -> Function:
    from sealhold.frontends.cli.policy_remove import policy_remove

    return policy_remove


def _make() -> Function:
    from sealhold.frontends.cli.policy_token_make import policy_token_make

    return policy_token_make


def _show() -> Function:
    from sealhold.frontends.cli.policy_token_show import policy_token_show

    return policy_token_show


def _watch() -> Function:
    from sealhold.frontends.cli.policy_token_watch import policy_token_watch

    return policy_token_watch


def _revoke() -> Function:
    from sealhold.frontends.cli.policy_token_revoke import policy_token_revoke

    return policy_token_revoke


TOKEN = {
    "make": Entry(
        about="Bind grants and rules to a medium: they hold only while it is there.",
        example="policy token make Stick --grant g-0123456789ab --until 30d --dry-run",
        load=_make,
    ),
    "show": Entry(
        about="Show the policy tokens, and which of them are there.",
        example="policy token show",
        load=_show,
    ),
    "watch": Entry(
        about="Say in words which policy tokens come and go, until Ctrl-C.",
        example="policy token watch --seconds 1",
        load=_watch,
    ),
    "revoke": Entry(
        about="End a policy token, wherever it is.",
        example="policy token revoke z-0123456789ab",
        load=_revoke,
    ),
}
POLICY: Mapping[str, Entry | Group] = {
    "add": Entry(
        about="Write a rule that answers requests in your place.",
        example="policy add deny --dataset places --preview",
        load=_policy_add,
    ),
    "list": Entry(
        about="List your rules, and what apps hear of by them.",
        example="policy list",
        load=_policy_list,
    ),
    "show": Entry(
        about="Show one rule, and each request that it answered.",
        example="policy show l-0123456789ab",
        load=_policy_show,
    ),
    "remove": Entry(
        about="Take a rule back; what it allowed stays until you revoke it.",
        example="policy remove l-0123456789ab",
        load=_policy_remove,
    ),
    "token": Group(about="Media that grants hang on.", entries=TOKEN),
}
