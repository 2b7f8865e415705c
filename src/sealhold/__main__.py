"""The program `sealhold`: the commands of the front ends, and those of the demo and the benchmarks.

- Code of a command is loaded when the command is chosen.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

import io
import sys
from collections.abc import Sequence

from sealhold.frontends.cli.lazy import Entry, Function
from sealhold.frontends.cli.main import run
from sealhold.frontends.cli.session import Shell


def _demo() -> Function:
    from sealhold.demo.command import demo

    return demo


def _bench() -> Function:
    from sealhold.bench.command import bench

    return bench


MORE = {
    "demo": Entry(
        about="Walk through the whole story on made-up people.",
        example="demo --check",
        load=_demo,
    ),
    "bench": Entry(
        about="Measure this machine, beside other programs.",
        example="bench start --quick",
        load=_bench,
    ),
}


def main(argv: Sequence[str] | None = None, shell: Shell | None = None) -> int:
    """Run the program and return its exit code.

    Args:
        argv: the words after the program's name; those of the process if None.
        shell: what surrounds it; the process's own if None.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that the terminal has not is no fault
            stream.reconfigure(errors="backslashreplace")
    return run(sys.argv[1:] if argv is None else argv, shell, MORE)


if __name__ == "__main__":
    sys.exit(main())
