"""S04: a stranger verifies the proof with nothing else at hand; the log's root is recomputed."""

import base64
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.demo.stage import Facts, Stage, hold


def run(stage: Stage) -> Facts:
    """Verify the proof in a process of its own, and the log from its leaves."""
    proof = base64.b64decode(stage.kept["answer"]["proof"])
    with TemporaryDirectory() as nowhere:
        path = Path(nowhere) / "proof.json"
        path.write_bytes(proof)
        verified = stage.run("verify", str(path), home=nowhere)
        hold(verified.returncode == 0, f"`sealhold verify` ended with {verified.returncode}")
    state = stage.api("POST", "/v1/audit/verify")
    hold(state["whole"] is True, f"the log is not whole: {state['faults']}")
    leaves = [bytes.fromhex(each) for each in stage.api("GET", "/v1/audit/leaves")]
    hold(_root(leaves).hex() == state["root"], "the leaves have another root than the log")
    return {"entries": state["size"], "root": state["root"], "proof_bytes": len(proof)}


def _root(leaves: list[bytes]) -> bytes:
    """Return the RFC 6962 root over leaf hashes, as a page's script computes it too."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()
