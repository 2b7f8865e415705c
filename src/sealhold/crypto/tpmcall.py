"""Calling the programs of tpm2-tools, one step of one program at a time.

- The programs are optional; `are_installed` tells. Whether a TPM answers shows when it is asked.
- A program gets a folder for its contexts, where the TPM is, and nothing else of our environment.
- A secret goes in by standard input and comes out by standard output, never by a file or a word.
- Each step leaves nothing in the TPM's few places for objects.

Source: docs/spec/03-keys.md section 9.2; docs/spec/21-evidence.md section 9.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.errors import UnavailableError

SECONDS = 30  # for one program; a slow TPM makes a key in about ten


def are_installed(programs: Sequence[str]) -> bool:
    """Return whether all these programs are found."""
    return all(shutil.which(name) for name in programs)


@dataclass(frozen=True, slots=True, kw_only=True)
class TpmPrograms:
    """What calls the programs for one TPM.

    Args:
        folder: private; contexts lie there, which only this TPM can load.
        tcti: where the TPM is, in the words of tpm2-tools; the system's own if empty.
        away: what is raised if a program does not answer, or refuses.
    """

    folder: Path
    tcti: str
    away: type[UnavailableError]

    def run(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        """Call a program, take away what it left in the TPM, and return its output.

        Raises:
            UnavailableError: of class `away`: it does not answer, or refuses.
        """
        try:
            return self.call(program, *arguments, given=given)
        finally:
            self.call("tpm2_flushcontext", "-t")

    def call(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        """Call a program and return its output.

        Raises:
            UnavailableError: of class `away`: it does not answer, or refuses.
        """
        where = {"TPM2TOOLS_TCTI": self.tcti} if self.tcti else {}
        try:
            done = subprocess.run(  # noqa: S603  # reason: a fixed program, words made here
                [program, *arguments],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), **where},
                input=given,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            raise self.away(f"`{program}` does not answer") from err
        if done.returncode:
            raise self.away(f"`{program}` ended with {done.returncode}")
        return done.stdout
