"""The commands of duties to keep something when people are erased.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _add() -> Function:
    from sealhold.frontends.cli.hold_add import hold_add

    return hold_add


def _list() -> Function:
    from sealhold.frontends.cli.hold_list import hold_list

    return hold_list


def _lift() -> Function:
    from sealhold.frontends.cli.hold_lift import hold_lift

    return hold_lift


HOLD = {
    "add": Entry(
        about="Declare a duty to keep something when people are erased.",
        example='hold add GreenCorp --ground LegallyRequired --law "Fiscal Code" --until 3650d'
        " --field name --dry-run",
        load=_add,
    ),
    "list": Entry(
        about="List the duties to keep something when people are erased.",
        example="hold list",
        load=_list,
    ),
    "lift": Entry(
        about="End a duty to keep: all that is held under it goes for good.",
        example="hold lift h-0123456789ab --dry-run",
        load=_lift,
    ),
}
