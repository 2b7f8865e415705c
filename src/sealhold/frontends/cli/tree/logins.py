"""The commands of logins: who signs in through an OpenID provider.

Source: docs/spec/30-access.md section 9.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _add() -> Function:
    from sealhold.frontends.cli.login_add import login_add

    return login_add


def _list() -> Function:
    from sealhold.frontends.cli.login_list import login_list

    return login_list


def _remove() -> Function:
    from sealhold.frontends.cli.login_remove import login_remove

    return login_remove


LOGIN = {
    "add": Entry(
        about="Let an account of an OpenID provider sign in on the pages.",
        example="login add work 248289761001 --preview",
        load=_add,
    ),
    "list": Entry(
        about="List who may sign in through a provider, and as whom.",
        example="login list",
        load=_list,
    ),
    "remove": Entry(
        about="Let an account of a provider sign in no more.",
        example="login remove work 248289761001",
        load=_remove,
    ),
}
