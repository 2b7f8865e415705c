"""Run every benchmark, one process each, and print one JSON object per line.

- What `sealhold bench` is given (`--quick`) is passed on.
- One that fails is named on standard error, and the others still run.

Use: `.venv/bin/python tools/benches.py [--quick]`.
"""

import subprocess
import sys
from pathlib import Path

from sealhold.bench.main import BENCHES

SEALHOLD = Path(sys.executable).with_name("sealhold")


def main(arguments: list[str]) -> int:
    """Run all; return 1 if one failed."""
    failed = []
    for name in BENCHES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        done = subprocess.run([SEALHOLD, "bench", name, "--json", *arguments], check=False)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
