"""The program `sealhold`: the commands of the front ends, and those of packages above them.

- Code of a command is loaded when the command is chosen.
"""

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sealhold.frontends.cli.lazy import Entry
from sealhold.frontends.cli.main import run
from sealhold.frontends.cli.session import Session, Shell
from sealhold.frontends.cli.withdrawing import withdraw
from sealhold.model.errors import UnavailableError

PORT = 8722


def demo(
    context: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Walk through it by itself; exit 0 if all held.")
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="N", help="Which port; 0 picks a free one.", min=0, max=65535)
    ] = PORT,
    reset: Annotated[bool, typer.Option("--reset", help="Make it anew.")] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
) -> None:
    """Walk through the whole story on made-up people.

    Makes a vault from a made-up year and serves it on this machine. Nobody in it is real, and
    your own vault is not touched.

    Raises:
        Exit: with the code of the demo.
    """
    from sealhold.demo import main as story  # noqa: PLC0415  reason: loaded when it is chosen

    session = Session.of(context)
    options = story.Options(
        check=check, port=port, reset=reset, browser=not no_browser, as_json=session.as_json
    )
    raise typer.Exit(story.run(options))


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one.")],
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer repetitions: seconds instead of minutes.")
    ] = False,
) -> None:
    """Measure this machine, beside other programs.

    Ratios are of one run on one machine; a program that is not installed is named, not guessed.

    Raises:
        Exit: with the code of the bench.
    """
    from sealhold.bench import main as benches  # noqa: PLC0415  reason: loaded when it is chosen

    session = Session.of(context)
    raise typer.Exit(benches.run(name, as_json=session.as_json, quick=quick))


MORE = {
    "demo": Entry(
        about="Walk through the whole story on made-up people.",
        example="demo --check",
        load=lambda: demo,
    ),
    "bench": Entry(
        about="Measure this machine, beside other programs.",
        example="bench start --quick",
        load=lambda: bench,
    ),
}


def main(argv: Sequence[str] | None = None, shell: Shell | None = None) -> int:
    """Run the program and return its exit code.

    Args:
        argv: the words after the program's name; those of the process if None.
        shell: what surrounds it; the process's own if None.
    """
    if shell is None:
        try:
            shell = Shell(root=withdraw(os.environ))
        except UnavailableError as err:
            sys.stderr.write(f"{err}\n")
            return int(err.kind)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal does not have is written as its number.
            stream.reconfigure(errors="backslashreplace")
    return run(sys.argv[1:] if argv is None else argv, shell, MORE)


if __name__ == "__main__":
    sys.exit(main())
