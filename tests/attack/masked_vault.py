"""Runs a grant on a kernel that lacks something: `masked_vault.py MASKED HOME GRANT REQUEST`.

The outcome is one JSON document: the answer and how its proof says it was made, or the refusal;
beside it what the owner is told.
"""

import base64
import json
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sealhold.model.errors import IsolationUnavailableError
from sealhold.model.quantities import Instant
from sealhold.node import Node, Policy, verify_files
from tests.attack import jail_masked
from tests.scenarios.vaults import opened


def ran(node: Node, grant: str) -> dict[str, object]:
    """Run the grant, and return what came of it."""
    try:
        answer = node.runs.run(grant)
    except IsolationUnavailableError as err:
        return {"refused": str(err)}
    payload = json.loads(base64.b64decode(json.loads(answer.proof)["proof"]["payload"]))
    demanded = verify_files(
        [answer.proof], at=Instant(answer.released_at + 1), policy=Policy(confined=True)
    )
    return {
        "value": answer.value,
        "proof": payload["predicate"]["isolation"],
        "demanded": demanded.exit_code,
    }


def main(masked: str, home: str, grant: str, request: str) -> None:
    """Mask one call, open the vault, run the grant, and say how it went."""
    if masked in jail_masked.CALLS:
        jail_masked.mask(jail_masked.CALLS[masked][0 if platform.machine() == "x86_64" else 1])
    with opened(Path(home)) as node:
        told = ran(node, grant)
        status = node.status()
        told |= {
            "status": status.isolation,
            "warnings": list(status.warnings),
            "screen": node.requests.show(request).code.isolation,
            "log": [line.reason for line in node.audit.lines() if line.kind == "run"],
        }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
