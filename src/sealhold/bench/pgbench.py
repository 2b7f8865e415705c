"""Runs of PostgreSQL's own load program against one address.

Source: docs/benchmarks.md; pgbench(1).
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.model.errors import SealholdError

PROGRAM: Final = "pgbench"
RATE: Final = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
FAILED: Final = re.compile(r"^number of failed transactions: ([1-9]\d*)", re.MULTILINE)
PATIENCE: Final = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One script, as so many clients run it."""

    script: Path | None = None  # None: its own, that selects
    mode: str = "simple"  # extended, prepared
    clients: int = 4
    seconds: int = 0
    times: int = 0  # of each client, instead of seconds

    def rate(self, address: str) -> float:
        """Return the transactions per second.

        Raises:
            SealholdError: a transaction failed, or the program is missing.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            raise SealholdError("pgbench is not installed")
        script = ["-S"] if self.script is None else ["-f", str(self.script)]
        ends = ["-t", str(self.times)] if self.times else ["-T", str(self.seconds)]
        words = ["-n", "-M", self.mode, "-c", str(self.clients), *script, *ends, address]
        done = subprocess.run(  # noqa: S603  # reason: a program of the server
            [program, *words], check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        found = RATE.search(done.stdout)
        if done.returncode or FAILED.search(done.stdout) or found is None:
            raise SealholdError(f"pgbench failed: {done.stderr[-300:]}")
        return float(found[1])
