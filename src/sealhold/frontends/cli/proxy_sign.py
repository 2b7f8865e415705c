"""`sealhold proxy sign`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import write_new
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.proxypolicy import MAX_POLICY, SUFFIX, sign


def proxy_sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy, in TOML.")],
) -> None:
    """Sign a protection policy, so that the proxy serves by it.

    The signature lies beside the file, with `.dsse` behind its name. A policy with a fault is not
    signed, and what was signed is never signed over: the next version is another file.
    """
    session = Session.of(context)
    data = read_file(file, MAX_POLICY)
    with deciding(session) as (node, _):
        signed = sign(node, data)
    target = file.with_name(file.name + SUFFIX)
    write_new(target, signed.envelope)
    policy = signed.policy
    emit(
        session,
        {
            "file": str(target),
            "name": policy.name,
            "version": policy.version,
            "digest": policy.digest,
        },
        Line(f"{safe(policy.name)} {policy.version} is signed.", "head"),
        Facts([("Signature", safe(str(target))), ("Digest", policy.digest)]),
        Line(f'The next version names it: previous = "{policy.digest}"', "hint"),
        Line(f"Next: sealhold proxy activate {safe(str(file))}", "hint"),
    )
