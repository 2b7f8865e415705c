"""Where the vault lies when nobody says so, and what its owner may set in it.

- Settings stand in `config.toml` in the vault's folder, which only its owner can write. A name or a
  value that is not known is refused: a typing error must not loosen anything.

Source: docs/howto/own-vault.md; docs/spec/19-confinement.md section 7; docs/spec/10-proof.md
section 5.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sealhold.compute.broker import Mode
from sealhold.model.errors import InvalidSettingsError

SETTINGS = "config.toml"
HOME_VARIABLE = "SEALHOLD_HOME"
KEY_FILE_VARIABLE = "SEALHOLD_KEY_FILE"
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


Producer = Literal["sw", "tpm2"]
_KNOWN: Final = {
    "compute": {"isolation"},
    "evidence": {"producer", "tcti"},
    "keys": {"retention_days"},
}
MOST_DAYS: Final = 3_650  # that an older key is kept for backups
_TCTI: Final = re.compile(r"[!-~]{0,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner set, or what holds if nothing was set."""

    isolation: Mode = Mode.JAILED  # [compute] isolation
    producer: Producer = "sw"  # [evidence] producer: what vouches for the machine in proofs
    tcti: str = ""  # [evidence] tcti: where the TPM is, in the words of tpm2-tools
    retention_days: int = 30  # [keys] retention_days: how long backups are kept, and old keys


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
    for part, names in told.items():
        if not isinstance(names, dict) or names.keys() - _KNOWN.get(part, frozenset()):
            known = ", ".join(
                f"`{part}.{name}`" for part, all_ in _KNOWN.items() for name in sorted(all_)
            )
            raise InvalidSettingsError(f"`{SETTINGS}` has a name that is none of {known}")
    return _settings(told.get("compute", {}), told.get("evidence", {}), told.get("keys", {}))


def _settings(
    compute: Mapping[str, object], evidence: Mapping[str, object], keys: Mapping[str, object]
) -> Settings:
    """Return the settings with these values.

    Raises:
        InvalidSettingsError: one is not known.
    """
    try:
        isolation = Mode(str(compute.get("isolation", Mode.JAILED)))
    except ValueError:
        known = ", ".join(f'"{mode}"' for mode in Mode)
        raise InvalidSettingsError(f"`compute.isolation` is one of {known}") from None
    tcti = evidence.get("tcti", "")
    if not isinstance(tcti, str) or not _TCTI.fullmatch(tcti):
        raise InvalidSettingsError("`evidence.tcti` is up to 200 characters without a space")
    producer: Producer
    match evidence.get("producer", "sw"):
        case "sw":
            producer = "sw"
        case "tpm2":
            producer = "tpm2"
        case _:
            raise InvalidSettingsError('`evidence.producer` is one of "sw", "tpm2"')
    days = keys.get("retention_days", 30)
    if type(days) is not int or not 0 <= days <= MOST_DAYS:
        raise InvalidSettingsError(f"`keys.retention_days` is 0 to {MOST_DAYS}")
    return Settings(isolation=isolation, producer=producer, tcti=tcti, retention_days=days)
