"""See that the programs which do not come from the package index are here.

- On Debian as root a missing one is installed. Elsewhere it is named, with what is left out.
- With CI=true a missing one is a failure: nothing is left out there.
- Runs before the virtual environment exists, so it imports the standard library only.

Use: `python3 tools/system_packages.py setup|test`. List: tools/system-packages.txt.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("system-packages.txt")


class Needed(NamedTuple):
    """One line of the list."""

    package: str
    found_as: tuple[str, ...]
    stage: str
    left_out: str

    def is_here(self) -> bool:
        """Return whether one of its names is found."""
        return any(
            importlib.util.find_spec(name.removeprefix("module:"))
            if name.startswith("module:")
            else shutil.which(name)
            for name in self.found_as
        )


def listed(text: str) -> list[Needed]:
    """Return the entries of the list, in its order."""
    entries = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            package, names, stage, left_out = (cell.strip() for cell in line.split("|"))
            found_as = tuple(name.strip() for name in names.split(","))
            entries.append(Needed(package, found_as, stage, left_out))
    return entries


def may_install() -> bool:
    """Return whether this is Debian or a child of it, and we are root."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists()


def install(packages: list[str]) -> None:
    """Install packages with apt; what fails is noticed by the caller, who looks again."""
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run([*apt, *arguments], check=False, env=environment)


def main(stage: str) -> int:
    """Look, install where that is allowed, look again, and tell what is missing."""
    wanted = [entry for entry in listed(LIST.read_text()) if entry.stage in {"setup", stage}]
    missing = [entry for entry in wanted if not entry.is_here()]
    if missing and may_install():
        install([entry.package for entry in missing])
        importlib.invalidate_caches()
        missing = [entry for entry in missing if not entry.is_here()]
    for entry in missing:
        print(f"missing: {entry.package}; left out: {entry.left_out}", file=sys.stderr)
    needed_now = [entry for entry in missing if entry.stage == "setup"]
    return 1 if needed_now or (missing and os.environ.get("CI") == "true") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
