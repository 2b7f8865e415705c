"""A token and a TPM in software, each with a folder and a configuration of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PATIENCE = 10  # seconds
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/*/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "a pin of the tests"


class SoftTpm:
    """A TPM on a socket of this machine; its state outlives a stop, as that of a chip does."""

    def __init__(self) -> None:
        if not shutil.which("swtpm") or not shutil.which("tpm2_unseal"):
            pytest.skip("swtpm or tpm2-tools are not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="tpm-"))  # short, for the name of a socket
        (self._folder / "state").mkdir()
        self.tcti = f"swtpm:path={self._folder / 's'}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        path = self._folder / "s"
        self._server = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder / 'state'}"),
                *("--server", f"type=unixio,path={path}"),
                *("--ctrl", f"type=unixio,path={path}.ctrl"),
                *("--flags", "not-need-init,startup-clear"),
            ],
            stderr=subprocess.DEVNULL,  # a line for each program that comes and goes
        )
        ends = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < ends:
            time.sleep(0.05)

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(PATIENCE)
            (self._folder / "s").unlink(missing_ok=True)
            self._server = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def call(self, program: str, *arguments: str) -> bytes:
        """Call a program of tpm2-tools as somebody else on this machine would."""
        done = subprocess.run(
            [program, *arguments],
            env={**os.environ, "TPM2TOOLS_TCTI": self.tcti},
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout


def softhsm() -> Path:
    """Return where the library of SoftHSM is."""
    found = [path for each in MODULES for path in Path("/").glob(each[1:])]
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("softhsm2 is not installed")
    return found[0]


def make_token(folder: Path, label: str) -> Path:
    """Make a token in `folder`, which SOFTHSM2_CONF names from now on; return where it lies.

    The library reads its configuration when it starts, and again when a token is not found; so in
    one process no two tokens may have one name.
    """
    tokens, configuration = folder / "tokens", folder / "softhsm2.conf"
    tokens.mkdir()
    configuration.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--so-pin", "an officer", "--pin", PIN),
        ],
        stdout=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
    )
    return tokens
