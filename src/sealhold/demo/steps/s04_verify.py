"""S04: a stranger verifies the proof with nothing else at hand; the log's root is recomputed."""

import base64
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.audit.outside import root_of_leaves
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
    leaves = stage.api("GET", "/v1/audit/leaves")
    hold(root_of_leaves(leaves) == state["root"], "the leaves have another root than the log")
    return {"entries": state["size"], "root": state["root"], "proof_bytes": len(proof)}
