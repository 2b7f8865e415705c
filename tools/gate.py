"""The static gate: read everything, tell every fault at once; with `--unit`, the unit tests too.

- The checks run two at a time, the slow ones first; one that fails stops no other.
- Pyright has one thread and takes as long as all others together, so it gets a core before them.
- The output of a check is shown only if it failed.
- A check whose program is missing is named; with CI=true that is a failure.

Use: `make check`, or `.venv/bin/python tools/gate.py [NAME...]` for some of them. Without a name
all run that run nothing; `make check` adds the unit tests, which then share the cores with them.
`--beside` leaves out the longest: the whole suite runs then, and mypy reads the types all the same.
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
AT_ONCE = 2  # both type checkers, each on a core of its own
BEHIND = 10  # niceness of all checks but the longest
ENVIRONMENT = {
    **os.environ,
    "NO_COLOR": "1",
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    "NODE_OPTIONS": "--max-semi-space-size=64",  # MiB; at the default 16, a sixth of its time is GC
}


class Check(NamedTuple):
    """A command of the virtual environment, and a program it needs from the system."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


class Ended(NamedTuple):
    """How a check ended."""

    check: Check
    code: int
    seconds: float
    said: str


CHECKS = (
    Check(
        "pyright",
        ("pyright", "--pythonpath", sys.executable, "src", "tests", "tools"),
        needs=("node", "nodejs"),
    ),
    Check("mypy", ("mypy", "--strict", "src", "tests", "tools")),
    Check("imports", ("lint-imports", "--no-logo")),
    Check("vulture", ("vulture",)),
    Check("deptry", ("deptry", "src")),
    Check("ruff", ("ruff", "check", "--output-format", "concise", ".")),
    Check("format", ("ruff", "format", "--check", "--output-format", "concise", ".")),
    Check("sizes", ("python", "tools/check_sizes.py")),
    Check("licences", ("python", "tools/check_licences.py")),
    Check("reference", ("python", "tools/reference.py", "--check")),
)
UNIT = Check("unit", ("pytest", "-q", "-n", "2", "--dist", "loadgroup", "tests/unit"))


def run(check: Check) -> Ended:
    """Run one check to its end."""
    started = time.perf_counter()
    with subprocess.Popen(
        [BIN / check.command[0], *check.command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        if check is not CHECKS[0]:
            os.setpriority(os.PRIO_PROCESS, process.pid, BEHIND)
        said, _ = process.communicate()
    return Ended(check, process.returncode, time.perf_counter() - started, said)


def left_out(check: Check) -> bool:
    """Return whether the program that a check needs is missing."""
    return bool(check.needs) and not any(shutil.which(name) for name in check.needs)


def main(names: list[str]) -> int:
    """Run the checks, print a line for each as it ends, then what the failed ones said."""
    first, *others = CHECKS
    everything = (first, UNIT, *others) if "--unit" in names else CHECKS
    everything = tuple(each for each in everything if each is not first or "--beside" not in names)
    names = [name for name in names if not name.startswith("--")]
    chosen = [check for check in everything if not names or check.name in names]
    absent = [check for check in chosen if left_out(check)]
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run, check) for check in chosen if check not in absent]
        for future in as_completed(running):
            ended = future.result()
            verdict = "FAILED" if ended.code else "ok"
            print(f"{ended.check.name:<10} {verdict:<6} {ended.seconds:5.1f} s", flush=True)
            if ended.code:
                failed.append(ended)
            elif ended.check is UNIT:
                print(f"{'':<10} {ended.said.splitlines()[-1]}")
    for check in absent:
        print(f"{check.name:<10} left out: `{check.needs[0]}` is not here")
    for ended in failed:
        print(f"\n--- {ended.check.name} ---\n{ended.said.rstrip()}")
    return 1 if failed or (absent and os.environ.get("CI") == "true") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
