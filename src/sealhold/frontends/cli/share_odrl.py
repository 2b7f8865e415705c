"""`sealhold share export`, and a policy in ODRL as `share create` reads it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.shares import SHARE
from sealhold.model.errors import UsageError
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharepolicies import policy_of
from sealhold.node.sharework import ShareWork


def share_export(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    odrl: Annotated[
        bool, typer.Option("--odrl", help="As a policy in W3C ODRL 2.2; there is no other form.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else it is shown.")
    ] = None,
) -> None:
    """Write down what a share says, for other programs to read.

    It names your objects, your filter and whom it is for, as you see them: it is yours to keep.
    Such a policy states rules; it makes none of them hold.

    Raises:
        UsageError: no form is named, or the file is there already or cannot be written.
    """
    session = Session.of(context)
    if not odrl:
        raise UsageError("say in which form: `--odrl`")
    with reading(session) as node:
        record = ShareWork(DeviceWork(node)).record(share)
    policy = policy_of(record)
    text = json.dumps(policy, indent=2, sort_keys=True, ensure_ascii=False)
    if out is None:
        emit(session, policy, Line(text))
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as err:
        raise UsageError(f"`{out}` is there already") from err
    except OSError as err:
        raise UsageError(f"`{out}` cannot be written") from err
    emit(session, {"file": str(out)}, Line(f"What it says is in {out}.", "good"))


def read_policy(path: Path) -> bytes:
    """Return what stands in the file of a policy.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(f"`{path}` cannot be read") from err
