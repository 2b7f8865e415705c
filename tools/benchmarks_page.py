"""Write docs/benchmarks.md from the stored outputs in docs/bench/, one JSON file per bench.

- `sealhold bench NAME --json > docs/bench/NAME.json` stores one; only whole runs are stored.
- The page says on which machine, at which commit and under which load each was taken.

Use: `.venv/bin/python tools/benchmarks_page.py [--check]`.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/benchmarks.md"
STORED = ROOT / "docs/bench"
HEAD = """# Benchmarks

Written by `tools/benchmarks_page.py` from the outputs in `docs/bench/`. Take them yourself:
`sealhold bench NAME --json`.

- One warm-up, then ours and the peers' runs in turns, five of each at least, medians; a result is
  checked before it is timed. Data follows from a seed.
- A figure is of this machine and of the load that stands beside it. A ratio is ours divided by
  theirs in the same run: for rates larger is better, for times smaller.
- A peer that is absent is named so, and its ratios are left out.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(path) for path in sorted(STORED.glob("*.json")))


def _section(path: Path) -> str:
    found = json.loads(path.read_text())
    machine = found["machine"]
    lines = [f"\n## {found['bench']}\n", "| figure | value |", "|---|---|"]
    lines += _rows(found["figures"])
    if found["ratios"]:
        lines += ["", "| ratio | value |", "|---|---|", *_rows(found["ratios"])]
    if found["peers"]:
        lines += ["", "| peer | its figure or version |", "|---|---|", *_rows(found["peers"])]
    taken = ", ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join([*lines, "", f"Taken at commit {found['commit']} on: {taken}.", ""])


def _rows(values: dict[str, Any]) -> list[str]:
    return [f"| {name} | {_shown(value)} |" for name, value in values.items()]


def _shown(value: Any) -> str:  # noqa: ANN401  # reason: a JSON value
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print("docs/benchmarks.md does not fit docs/bench: run tools/benchmarks_page.py")
        return 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
