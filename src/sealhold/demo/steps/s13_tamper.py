"""S13: one byte is flipped, in a copy of the ledger and in a paper about it; both are found."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.demo.stage import Facts, Stage, hold
from sealhold.demo.tamper import tampered_copy

TAMPERED = 6


def run(stage: Stage) -> Facts:
    """Flip, and ask the command line."""
    bundle = stage.api("GET", "/v1/audit/proof?seq=0")
    with TemporaryDirectory() as nowhere:
        bent = Path(nowhere) / "entry.json"
        bent.write_bytes(bundle[:200] + bytes([bundle[200] ^ 1]) + bundle[201:])
        paper = stage.run("verify", str(bent), home=nowhere)
        hold(paper.returncode == TAMPERED, f"a bent paper gave {paper.returncode}")
        copy = tampered_copy(stage.folders.vault, Path(nowhere) / "copy")
        log = stage.run("audit", "verify", home=str(copy))
        hold(log.returncode == TAMPERED, f"a bent ledger gave {log.returncode}")
        hold("vault.db" in log.stdout + log.stderr, "the bent file is not named")
    return {"paper": paper.returncode, "ledger": log.returncode}
