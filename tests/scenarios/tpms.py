"""A TPM in software on a socket of this machine, and a vendor of our own who certifies it."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sealhold.compute.attest import tpmtools
from sealhold.crypto import x509
from tests.conformance.evidence_made import certify, curve_key

PATIENCE = 10  # seconds


@contextmanager
def tpm_in_software() -> Iterator[str]:
    """Start one, give its name in the words of tpm2-tools, and stop it again."""
    if not shutil.which("swtpm") or not tpmtools.is_available():
        pytest.skip("swtpm or tpm2-tools are not installed")
    folder = Path(tempfile.mkdtemp(prefix="tpm-"))  # short, for the name of a socket
    state, path = folder / "state", folder / "s"
    state.mkdir()
    server = subprocess.Popen(
        [
            *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
            *("--server", f"type=unixio,path={path}", "--ctrl", f"type=unixio,path={path}.ctrl"),
            *("--flags", "not-need-init,startup-clear"),
        ]
    )
    try:
        ends = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < ends:
            time.sleep(0.05)
        yield f"swtpm:path={path}"
    finally:
        server.terminate()
        server.wait(PATIENCE)
        shutil.rmtree(folder)


def vendor(endorsement: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificate of an endorsement key by a vendor of our own, and the vendor's."""
    root = certify("TPM Root", curve_key("tpm root"), "TPM Root", curve_key("tpm root"))
    public = load_der_public_key(endorsement)
    assert isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    leaf = certify("EK", public, "TPM Root", curve_key("tpm root"), authority=False)
    return x509.read_der(leaf), x509.read_der(root)
