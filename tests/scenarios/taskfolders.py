"""Task folders to check: the examples, and copies of the green bonus with other code or terms."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sealhold.compute.runner import Runner
from sealhold.compute.taskkit import Report, check_folder
from sealhold.connectors.places import TRIPS
from sealhold.connectors.rows import ROWS
from sealhold.model.quantities import Instant

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/task.json"))
THREE = [ROOT / "examples" / name for name in ("signed-bonus", "hospital-median", "power-meter")]
GREEN = ROOT / "examples" / "green-bonus"
DATASETS = {dataset.name: dataset for dataset in (TRIPS, ROWS)}
NOW = Instant(1_790_000_000_000)

Edit = Callable[[dict[str, Any]], None]


def check(folder: Path, count: int = 12) -> Report:
    return check_folder(folder, DATASETS, Runner, NOW, count)


def copied(folder: Path, code: str | None = None, edit: Edit | None = None) -> Path:
    """Copy the green bonus to `folder`, with other code or an edited manifest."""
    target = folder / "task"
    shutil.copytree(GREEN, target)
    if code is not None:
        (target / "code.py").write_text(code)
    if edit is not None:
        document = json.loads((target / "task.json").read_text())
        edit(document)
        (target / "task.json").write_text(json.dumps(document, indent=2))
    return target
