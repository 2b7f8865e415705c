"""S14: a vault of one's own in three lines, tried as they are shown."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.demo.life import trips
from sealhold.demo.stage import Facts, Stage, hold

LINES = ("sealhold init", "sealhold import FILE", "sealhold serve")


def run(stage: Stage) -> Facts:
    """Make a vault, import a file, and look into it; `serve` is what this demo runs on."""
    with TemporaryDirectory() as folder:
        home = str(Path(folder) / "mine")
        ride = Path(folder) / "ride.gpx"
        ride.write_bytes(trips.files()["rides-2026-10.gpx"])
        made = stage.run("init", "--headless", home=home)
        hold(made.returncode == 0, f"`init` ended with {made.returncode}: {made.stderr}")
        read = stage.run("import", str(ride), "--json", home=home)
        hold(read.returncode == 0, f"`import` ended with {read.returncode}: {read.stderr}")
        status = stage.run("status", "--json", home=home)
        hold(status.returncode == 0, f"`status` ended with {status.returncode}: {status.stderr}")
        items = json.loads(status.stdout)["items"]
        hold(items > 0, "the new vault is empty")
    return {"lines": LINES, "items": items}
