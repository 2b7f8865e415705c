"""Where the vault lies when nobody says so.

Source: docs/howto/own-vault.md.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "SEALHOLD_HOME"
PASSPHRASE_VARIABLE = "SEALHOLD_PASSPHRASE"  # noqa: S105  # reason: the name, not one of them


def home_folder(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the vault's folder: as given, as SEALHOLD_HOME says, or in the platform's place."""
    if given is not None:
        return given
    if environment.get(HOME_VARIABLE):
        return Path(environment[HOME_VARIABLE])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sealhold"
    data = environment.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "sealhold"
