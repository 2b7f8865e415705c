"""The commands about rules that answer in the owner's place.

Source: docs/spec/39-dataware.md section 2.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


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


POLICY = {
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
}
