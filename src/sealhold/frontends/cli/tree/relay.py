"""The commands of whoever runs a relay.

Source: docs/spec/20-faces.md section 8, docs/spec/14-relay.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _init() -> Function:
    from sealhold.frontends.cli.relay_init import relay_init

    return relay_init


def _serve() -> Function:
    from sealhold.frontends.cli.relay_serve import relay_serve

    return relay_serve


def _account_add() -> Function:
    from sealhold.frontends.cli.relay_account_add import relay_account_add

    return relay_account_add


def _account_list() -> Function:
    from sealhold.frontends.cli.relay_account_list import relay_account_list

    return relay_account_list


def _account_remove() -> Function:
    from sealhold.frontends.cli.relay_account_remove import relay_account_remove

    return relay_account_remove


ACCOUNT = {
    "add": Entry(
        about="Give somebody room at a relay, and say the token that opens mailboxes in it.",
        example="relay account add relay 10GB",
        load=_account_add,
    ),
    "list": Entry(
        about="List the accounts of a relay, and how much room each has.",
        example="relay account list relay",
        load=_account_list,
    ),
    "remove": Entry(
        about="Forget an account: nothing more is put in its mailboxes; what is there can be read.",
        example="relay account remove relay 0123456789abcdef0123456789abcdef",
        load=_account_remove,
    ),
}
RELAY: Mapping[str, Entry | Group] = {
    "init": Entry(
        about="Make a relay: mailboxes in which devices leave sealed bytes for each other.",
        example="relay init relay",
        load=_init,
    ),
    "serve": Entry(
        about="Let a relay run, until Ctrl-C.",
        example="relay serve relay --certificate relay.pem --key relay.key --host 192.0.2.7",
        load=_serve,
    ),
    "account": Group(about="Who has room at it.", entries=ACCOUNT),
}
