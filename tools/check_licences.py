"""See that all we need at run time may be passed on under our terms.

- Looked at is what an installed sealhold needs, and what that needs in turn, with every extra of
  ours but those in NOT_SHIPPED.
- Permissive and weak copyleft are allowed. What a package says of itself counts; for one that says
  nothing of use, tools/licences.toml holds the licence and where it was read.

Use: `.venv/bin/python tools/check_licences.py`.
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "sealhold"
NOT_SHIPPED = frozenset({"dev"})
READ_BY_HAND = Path(__file__).with_name("licences.toml")
ALLOWED = frozenset(
    {
        "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause",
        "CC0-1.0", "ISC", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later",
        "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
OLD_NAMES = {  # what was written before the expressions of SPDX came into use
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def closure() -> list[Distribution]:
    """Return every installed distribution that sealhold needs at run time, itself left out."""
    ours = distribution(OURS).metadata.json.get("provides_extra", [])
    extras = ["", *(extra for extra in ours if extra not in NOT_SHIPPED)]
    found: dict[str, Distribution] = {}
    waiting = [(OURS, extra) for extra in extras]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for text in requires(name) or []:
            needed = Requirement(text)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            key = canonicalize_name(needed.name)
            found.setdefault(key, distribution(needed.name))
            new = {(key, each) for each in ("", *needed.extras)} - seen
            seen |= new
            waiting.extend(new)
    return [found[key] for key in sorted(found)]


def licence(package: Distribution) -> str:
    """Return what a package says its licence is, in SPDX's words where it can be told."""
    says = package.metadata.json
    if says.get("license_expression"):
        return str(says["license_expression"])
    names = [
        text.rpartition(" :: ")[2]
        for text in says.get("classifier", [])
        if text.startswith("License")
    ]
    text = str(says.get("license", "")).strip()
    if text and "\n" not in text:
        names.insert(0, text)
    return " AND ".join(OLD_NAMES.get(name, name) for name in names)


def is_allowed(expression: str) -> bool:
    """Return whether one side of each OR, and both of each AND, is allowed."""
    return any(
        all(term.strip("() ") in ALLOWED for term in re.split(r"\s+AND\s+", side))
        for side in re.split(r"\s+OR\s+", expression)
    )


def main() -> int:
    """Name each package whose licence is not allowed or not known."""
    read_by_hand = tomllib.loads(READ_BY_HAND.read_text())
    packages = closure()
    names = {canonicalize_name(package.name) for package in packages}
    unneeded = read_by_hand.keys() - names
    faults = [f"{name}: is not needed, drop it from licences.toml" for name in unneeded]
    for package in packages:
        known = read_by_hand.get(canonicalize_name(package.name))
        said = known["licence"] if known else licence(package)
        if not is_allowed(said):
            faults.append(f"{package.name} {package.version}: `{said or 'says nothing'}`")
    print("\n".join(sorted(faults)) or f"{len(packages)} packages")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
