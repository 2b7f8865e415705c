"""The program: words in, an exit code out, and every error told in one way.

- This is the one place that catches everything, so that nobody is shown a trace.

Source: docs/spec/20-faces.md section 8.
"""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence

import typer
from typer.exceptions import TyperException

from sealhold.frontends.cli import errors
from sealhold.frontends.cli.errors import Trouble
from sealhold.frontends.cli.lazy import Entry, LazyGroup
from sealhold.frontends.cli.session import STOPPED, Session, Shell
from sealhold.frontends.cli.tree import tree
from sealhold.model.errors import SealholdError

NUMBER_BYTES = 6


def run(
    argv: Sequence[str],
    shell: Shell | None = None,
    more: Mapping[str, Entry] | None = None,
) -> int:
    """Run the command that `argv` says, without the program's name, and return its exit code.

    Args:
        argv: the words.
        shell: what surrounds the program; the process's own if None.
        more: commands from packages above this one.
    """
    session = Session(shell or Shell())
    group = LazyGroup("sealhold", tree(more or {}), is_root=True)
    try:
        code = group.main(args=list(argv), prog_name="sealhold", standalone_mode=False, obj=session)
    except TyperException as err:
        session.as_json |= "--json" in argv
        return _tell(session, errors.usage(err.format_message(), session.command))
    except SealholdError as err:
        _trace(session)
        return _tell(session, errors.trouble(err, session.command))
    except (KeyboardInterrupt, EOFError, typer.Abort):
        sys.stderr.write("stopped; what was written before stays\n")
        return STOPPED
    except SystemExit as err:  # typer's own, when nobody reads any more
        _hush()
        return err.code if isinstance(err.code, int) else 1
    except Exception as err:  # noqa: BLE001  reason: the top of the program: no trace is shown
        _trace(session)
        told = SealholdError(f"a fault of ours, {type(err).__name__}")
        return _tell(session, errors.trouble(told, session.command, number=_number(session)))
    return code if isinstance(code, int) else 0


def _tell(session: Session, told: Trouble) -> int:
    if session.as_json:
        from sealhold.frontends.cli.out import as_json  # noqa: PLC0415  reason: not needed else

        sys.stdout.write(as_json(told.document()) + "\n")
    else:
        sys.stderr.write("\n".join(told.lines()) + "\n")
    return int(told.kind)


def _trace(session: Session) -> None:
    if session.is_debugged:
        traceback.print_exc()


def _number(session: Session) -> str | None:
    """Return a name for one occurrence of a fault, so that two people can speak of it."""
    try:
        from sealhold.node import World  # noqa: PLC0415  reason: loaded before most faults
    except ImportError:  # which is then the fault: a library is missing
        return None
    world = session.shell.world or World()
    return f"e-{world.entropy(NUMBER_BYTES).hex()}"


def _hush() -> None:
    """Let the interpreter end without telling that nobody reads any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
