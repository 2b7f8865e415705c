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
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sealhold.compute.broker import Mode
from sealhold.model.errors import InvalidSettingsError
from sealhold.model.logins import ISSUER, VISIBLE, Provider
from sealhold.model.principals import LOOKUPS_A_DAY

if TYPE_CHECKING:
    from sealhold.policy.deadlines import Calendar

SETTINGS = "config.toml"
HOME_VARIABLE = "SEALHOLD_HOME"
KEY_FILE_VARIABLE = "SEALHOLD_KEY_FILE"
RECOVERY_VARIABLE = "SEALHOLD_RECOVERY_FILE"
PIN_VARIABLE = "SEALHOLD_PIN"
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


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where lies what a copy of the vault's folder is not to carry."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sealhold"
    state = environment.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "sealhold"


Producer = Literal["sw", "tpm2"]
_KNOWN: Final = {
    "compute": {"isolation"},
    "evidence": {"producer", "tcti"},
    "access": {"app_per_second", "token_per_second", "lookups_a_day", "own_network_issuers"},
    "deadlines": {"zone", "holidays"},
    "keys": {"retention_days"},
    "policy": {"media"},
}
MOST: Final = 1_000_000_000
MOST_DAYS: Final = 3_650  # that an older key is kept for backups
MOST_MEDIA: Final = 16  # each is looked at twice a second while a vault is served
MOST_NEAR: Final = 100  # issuers of apps in one own network
MOST_LOGINS: Final = 10  # each is a button on the sign-in page
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_TCTI: Final = re.compile(r"[!-~]{0,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How much an app may do; more than one machine can do, so by itself it stops nobody."""

    app_per_second: int = 20_000  # calls of one app
    token_per_second: int = 20_000  # calls with one token
    lookups_a_day: int = LOOKUPS_A_DAY  # of one app


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner set, or what holds if nothing was set."""

    isolation: Mode = Mode.JAILED  # [compute] isolation
    producer: Producer = "sw"  # [evidence] producer: what vouches for the machine in proofs
    tcti: str = ""  # [evidence] tcti: where the TPM is, in the words of tpm2-tools
    access: Rates = Rates()  # [access]
    zone: str = "UTC"  # [deadlines] zone: the time zone of the controller's place
    holidays: frozenset[date] = frozenset()  # [deadlines] holidays: of that place
    logins: Mapping[str, Provider] = field(default_factory=dict)  # [login.NAME]: sign-ins
    near_issuers: frozenset[str] = frozenset()  # [access] own_network_issuers: of apps' people
    retention_days: int = 30  # [keys] retention_days: how long backups are kept, and old keys
    media: tuple[Path, ...] = ()  # [policy] media: folders in which policy tokens are looked for


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
    logins = _logins(told.pop("login", {}))
    for part, names in told.items():
        if not isinstance(names, dict) or names.keys() - _KNOWN.get(part, frozenset()):
            known = ", ".join(
                f"`{part}.{name}`" for part, all_ in _KNOWN.items() for name in sorted(all_)
            )
            raise InvalidSettingsError(f"`{SETTINGS}` has a name that is none of {known}")
    chosen = _settings(told.get("compute", {}), told.get("evidence", {}), told.get("keys", {}))
    access = dict(told.get("access", {}))
    near = _near(access.pop("own_network_issuers", []))
    chosen = replace(chosen, access=_rates(access), logins=logins, near_issuers=near)
    chosen = replace(chosen, media=_media(told.get("policy", {})))
    return _with_deadlines(chosen, told["deadlines"]) if "deadlines" in told else chosen


def _media(policy: Mapping[str, object]) -> tuple[Path, ...]:
    """Return the folders in which policy tokens are looked for.

    Raises:
        InvalidSettingsError: it is no list of up to 16 whole paths.
    """
    told = policy.get("media", [])
    if not isinstance(told, list) or len(told) > MOST_MEDIA:
        raise InvalidSettingsError(f"`policy.media` is a list of up to {MOST_MEDIA} folders")
    if not all(isinstance(each, str) and Path(each).is_absolute() for each in told):
        raise InvalidSettingsError("`policy.media` has whole paths, which begin with `/`")
    return tuple(map(Path, told))


def _logins(told: object) -> Mapping[str, Provider]:
    """Return the providers of sign-ins that were set up.

    Raises:
        InvalidSettingsError: one has a name or value that is not known.
    """
    if not isinstance(told, dict) or len(told) > MOST_LOGINS:
        raise InvalidSettingsError(f"`login` has a part for each of up to {MOST_LOGINS} providers")
    return {name: _provider(name, part) for name, part in told.items()}


def _provider(name: str, part: object) -> Provider:
    """Return one provider of sign-ins.

    Raises:
        InvalidSettingsError: it has a name or value that is not known.
    """
    if not _LOGIN.fullmatch(name):
        raise InvalidSettingsError("`[login.NAME]` has up to 20 small letters, digits and hyphens")
    known = {"issuer", "client_id", "client_secret", "own_network"}
    if not isinstance(part, dict) or not {"issuer", "client_id"} <= part.keys() <= known:
        raise InvalidSettingsError(
            f"`[login.{name}]` has `issuer` and `client_id`, and may have `client_secret` and"
            " `own_network`"
        )
    texts = [part["issuer"], part["client_id"], part.get("client_secret", "-")]
    if not all(isinstance(each, str) and VISIBLE.fullmatch(each) for each in texts):
        raise InvalidSettingsError(f"`[login.{name}]` has texts of 1 to 500 visible characters")
    if not ISSUER.fullmatch(part["issuer"]):
        raise InvalidSettingsError(f"`login.{name}.issuer` is an address of HTTPS without a query")
    if not isinstance(part.get("own_network", False), bool):
        raise InvalidSettingsError(f"`login.{name}.own_network` is true or false")
    return Provider(
        name=name,
        issuer=part["issuer"],
        client=part["client_id"],
        secret=part.get("client_secret", ""),
        is_near=part.get("own_network", False),
    )


def _near(issuers: object) -> frozenset[str]:
    """Return the issuers of apps that may lie in the owner's own network.

    Raises:
        InvalidSettingsError: it is no list of addresses.
    """
    if not isinstance(issuers, list) or len(issuers) > MOST_NEAR:
        raise InvalidSettingsError(f"`access.own_network_issuers` is a list of up to {MOST_NEAR}")
    if not all(isinstance(each, str) and ISSUER.fullmatch(each) for each in issuers):
        raise InvalidSettingsError("`access.own_network_issuers` has addresses of HTTPS")
    return frozenset(issuers)


def _rates(access: Mapping[str, object]) -> Rates:
    """Return the rates that were set.

    Raises:
        InvalidSettingsError: one is no whole number from 1 to a thousand million.
    """
    found: dict[str, int] = {}
    for name, value in access.items():
        if type(value) is not int or not 1 <= value <= MOST:
            raise InvalidSettingsError(f"`access.{name}` is a whole number from 1 to {MOST}")
        found[name] = value
    return Rates(**found)


def calendar_of(settings: Settings) -> "Calendar":
    """Return the calendar by which terms of the law are counted."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # reason: few vaults count terms

    from sealhold.policy.deadlines import Calendar  # noqa: PLC0415  # reason: the same

    return Calendar(zone=ZoneInfo(settings.zone), holidays=settings.holidays)


def _with_deadlines(found: Settings, deadlines: Mapping[str, object]) -> Settings:
    """Return the settings with the calendar of a place.

    Raises:
        InvalidSettingsError: no such zone, or a list of something else than days.
        InvalidCalendarError: a listed day has no working day in the fortnight after it.
    """
    from zoneinfo import available_timezones  # noqa: PLC0415  # reason: few vaults count terms

    zone, days = deadlines.get("zone", "UTC"), deadlines.get("holidays", [])
    if not isinstance(zone, str) or zone not in available_timezones():
        raise InvalidSettingsError("`deadlines.zone` is a time zone such as Europe/Berlin")
    if not isinstance(days, list) or any(type(day) is not date for day in days):
        raise InvalidSettingsError("`deadlines.holidays` is a list of days such as 2026-12-25")
    with_days = replace(found, zone=zone, holidays=frozenset(days))
    calendar_of(with_days)
    return with_days


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
