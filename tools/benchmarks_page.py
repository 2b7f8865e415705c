"""Write docs/benchmarks.md from the stored outputs in docs/bench/, one JSON file per bench.

- `sealhold bench NAME --json > docs/bench/NAME.json` stores one; only whole runs are stored.
- The page says on which machine, at which commit and under which load each was taken.
- `docs/bench/floors.toml` names what must hold, by bench and name; whether it does is worked out
  from the stored output, each time.

Use: `.venv/bin/python tools/benchmarks_page.py [--check]`.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Floor = float | Mapping[str, float]

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
- A floor is what a figure must reach, in `docs/bench/floors.toml`. It is met by the output that is
  stored here, or it is not, and then that is what stands beside it.
"""


def page() -> str:
    """Return the whole page."""
    floors = tomllib.loads((STORED / "floors.toml").read_text())
    return HEAD + "".join(
        section(json.loads(path.read_text()), floors.get(path.stem, {}))
        for path in sorted(STORED.glob("*.json"))
    )


def section(found: dict[str, Any], floors: Mapping[str, Floor]) -> str:
    """Return what the page says of one stored output, beside the floors of its bench.

    Args:
        found: the output as it is stored.
        floors: by name of a figure or ratio, the largest value that will do; or `least`, the
            smallest one, or `most`, with the `aim` beside it.
    """
    machine, figures = found["machine"], found["figures"]
    absent = {name: None for name in floors if name not in {**figures, **found["ratios"]}}
    lines = [f"\n## {found['bench']}\n", *_table("figure", {**figures, **absent}, floors)]
    if found["ratios"]:
        lines += ["", *_table("ratio", found["ratios"], floors)]
    if found["peers"]:
        lines += ["", *_table("peer", found["peers"], {}, "its figure or version")]
    taken = ", ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join([*lines, "", f"Taken at commit {found['commit']} on: {taken}.", ""])


def _table(
    name: str, values: Mapping[str, Any], floors: Mapping[str, Floor], head: str = "value"
) -> list[str]:
    if not floors.keys() & values.keys():
        rows = [f"| {each} | {_shown(value)} |" for each, value in values.items()]
        return [f"| {name} | {head} |", "|---|---|", *rows]
    rows = [
        f"| {each} | {_shown(value)} | {_verdict(value, floors.get(each))} |"
        for each, value in values.items()
    ]
    return [f"| {name} | {head} | floor |", "|---|---|---|", *rows]


def _verdict(value: float | None, floor: Floor | None) -> str:
    if floor is None:
        return ""
    told = floor if isinstance(floor, Mapping) else {"most": floor}
    bound = told["least"] if "least" in told else told["most"]
    asked = f"at {'least' if 'least' in told else 'most'} {bound:,g}"
    if value is not None:
        met = value >= bound if "least" in told else value <= bound
        asked += f": {'met' if met else 'NOT met'}"
    return asked + (f"; aim {told['aim']:,g}" if "aim" in told else "")


def _shown(value: Any) -> str:  # noqa: ANN401  # reason: a JSON value
    if value is None:
        return "not in this output"
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
