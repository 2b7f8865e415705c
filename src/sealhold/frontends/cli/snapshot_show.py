"""`sealhold snapshot show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Facts, Table, emit, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment


def snapshot_show(
    context: typer.Context,
    snapshot: Annotated[
        str, typer.Argument(metavar="SNAPSHOT", help="Its number, or how its id begins.")
    ],
) -> None:
    """Show what a snapshot holds: each path, and the digest of what stood there.

    With `--json`, what stood there, too.
    """
    session = Session.of(context)
    with reading(session) as node:
        found, paths = node.parts.snapshots.show(snapshot)
    facts = Facts(
        [
            ("Snapshot", f"{found.number}, {found.id}"),
            ("Before it", found.parent or "none"),
            ("Made", f"{moment(found.at)} by sealhold {safe(found.version)}, form {found.form}"),
            ("Changed", safe(", ".join(found.causes))),
            ("Signed by", found.signer),
        ]
    )
    rows = [(safe(each.path), each.digest[:16]) for each in paths]
    value = {"snapshot": found, "paths": paths}
    emit(session, value, facts, Table((Column("Path"), id_("Digest")), rows))
