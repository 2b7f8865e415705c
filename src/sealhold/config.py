"""Where the vault lies when nobody says so, and what its owner may set in it.

- Settings stand in `config.toml` in the vault's folder, which only its owner can write. A name or a
  value that is not known is refused: a typing error must not loosen anything.

Source: docs/howto/own-vault.md; docs/spec/19-confinement.md section 7.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sealhold.compute.broker import Mode
from sealhold.model.errors import InvalidSettingsError

SETTINGS = "config.toml"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner set, or what holds if nothing was set."""

    isolation: Mode = Mode.JAILED  # [compute] isolation


def settings(home: Path) -> Settings:
    """Return the settings of the vault in `home`.

    Raises:
        InvalidSettingsError: the file is no TOML, or has a name or a value that is not known.
    """
    try:
        text = (home / SETTINGS).read_text()
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidSettingsError(f"`{SETTINGS}` cannot be read") from err
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise InvalidSettingsError(f"`{SETTINGS}`: {err}") from err
    # THREAT T163: what is not understood is refused, so the jail is as it is said or nothing opens
    compute = told.pop("compute", {})
    if told or not isinstance(compute, dict) or compute.keys() - {"isolation"}:
        raise InvalidSettingsError(f"`{SETTINGS}` has a name other than `compute.isolation`")
    try:
        return Settings(isolation=Mode(compute.get("isolation", Mode.JAILED)))
    except ValueError:
        known = ", ".join(f'"{mode}"' for mode in Mode)
        raise InvalidSettingsError(f"`compute.isolation` is one of {known}") from None
