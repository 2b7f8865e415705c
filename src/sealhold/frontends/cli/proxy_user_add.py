"""`sealhold proxy user add`."""

from dataclasses import asdict
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import asked, deciding
from sealhold.frontends.cli.out import Block, Facts, Line, emit
from sealhold.frontends.cli.proxies import PASSWORD_VARIABLE, user_facts
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import WeakPassphraseError
from sealhold.model.shown.proxies import ProxyUserView
from sealhold.node.proxywork import RIGHTS, ProxyWork


def proxy_user_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="With which name they log in.")],
    may: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RIGHT", help="`read`, `write` or `define` tables; once for each; else all."
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this table, as `schema.table`; once for each."),
    ] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make a password, and say it this once.")
    ] = False,
    decoy: Annotated[
        bool, typer.Option("--decoy", help="Nobody is this: who tries to log in is an alarm.")
    ] = False,
) -> None:
    """Let somebody log in at the proxy before a rented database.

    The password is asked for, or taken from SEALHOLD_PROXY_PASSWORD; kept is what checks it, and
    nobody logs in with that. It is no password of the provider, which the proxy alone has.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        work = ProxyWork(node)
        password = work.new_password() if generate else _password(session)
        user = work.add_user(name, password, may or RIGHTS, table or (), is_decoy=decoy)
    emit(session, _value(user, password if generate else ""), *_blocks(user, password, generate))


def _password(session: Session) -> str:
    given = session.shell.environment.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    given = asked(session, "Password of the user: ")
    if asked(session, "Once more: ") != given:
        raise WeakPassphraseError("the two passwords differ")
    return given


def _value(user: ProxyUserView, password: str) -> dict[str, object]:
    value: dict[str, object] = {"user": asdict(user)}
    return {**value, "password": password} if password else value


def _blocks(user: ProxyUserView, password: str, is_new: bool) -> list[Block]:
    said = "The decoy is laid." if user.is_decoy else "They may log in now."
    blocks: list[Block] = [Line(said, "head"), user_facts(user)]
    if is_new:
        blocks += [
            Facts([("Password", password)]),
            Line("It is not shown again.", "hint"),
        ]
    return blocks
