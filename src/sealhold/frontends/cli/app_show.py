"""`sealhold app show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.grant_list import grant_table
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short, spent_of
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.shown import AppView


def app_show(
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")],
) -> None:
    """Show one app: its key, its budget, what it was allowed."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.apps.show(app)
    blocks: list[Block] = [app_facts(found)]
    if found.grants:
        blocks += [Line(""), *grant_table(found.grants)]
    emit(session, found, *blocks)


def app_facts(app: AppView) -> Facts:
    """Return what identifies an app and how much it was told."""
    used = moment(app.last_used) if app.last_used is not None else "never"
    return Facts(
        [
            ("App", f"{safe(app.name)}, {short(Kind.APP, app.id)}"),
            ("Key", app.key_digest),
            ("Key in words", " ".join(app.key_words)),
            ("State", app.state),
            ("Known since", moment(app.registered_at)),
            ("Last answered", used),
            ("Told this year", spent_of(app.meter.used, app.meter.cap)),
            *_sign_in(app),
        ]
    )


def _sign_in(app: AppView) -> list[tuple[str, str]]:
    """Return where the people of an app sign in, if it named a provider."""
    if app.issuer is None:
        return []
    named = app.issuer
    who = "anybody with an account there" if named.makes_people else "people that the app named"
    return [
        ("People sign in at", safe(named.issuer)),
        ("As client", f"{safe(named.client_id)}, since {moment(named.set_at)}"),
        ("Lets in", who),
    ]
