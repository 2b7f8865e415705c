"""Settings of a session that would change what a text means, or how values are written.

- A text is read here as PostgreSQL reads it under its defaults. Were `standard_conforming_strings`
  off at the provider, it would read another text than the one that was planned.
- So these are set at the start of each session at the provider, whatever its own configuration
  says, and nobody sets them otherwise: not by SET, not as the session begins.

Source: docs/spec/56-postgresql-proxy.md section 2; PostgreSQL 15, Server Configuration.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sealhold.model.errors import WireError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.sql.refusing import NotPossibleError

_ON: Final = ("on", "true", "yes", "1", "t", "y")
_OFF: Final = ("off", "false", "no", "0", "f", "n")
HELD: Final[Mapping[str, tuple[str, ...]]] = {  # what is allowed, the first as the provider is told
    "standard_conforming_strings": _ON,
    "transform_null_equals": _OFF,
    "array_nulls": _ON,
    "bytea_output": ("hex",),
    "extra_float_digits": ("1", "2", "3"),  # which are written alike
}
FORBIDDEN: Final = frozenset({"session_authorization", "role"})
_MEANING: Final = "standard_conforming_strings"  # the one that the provider tells changes of
_FOLLOWED: Final = {  # by the name in which the provider tells of them
    "datestyle": "date_style",
    "timezone": "time_zone",
    "intervalstyle": "interval_style",
    "extra_float_digits": "extra_float_digits",
    "bytea_output": "bytea_output",
}
AT_START: Final[Mapping[str, str]] = {name: allowed[0] for name, allowed in HELD.items()}


def check_setting(name: str, value: str) -> None:
    """Let a client set something; an empty value is what the session began with.

    Raises:
        NotPossibleError: it would change what a text means, how values are written, or who asks.
    """
    known = name.lower()
    if known in FORBIDDEN:
        raise NotPossibleError(f"SET {known}: the proxy logs in at the provider by itself")
    allowed = HELD.get(known)
    # THREAT T653: a text that the provider reads otherwise is not the one that was planned
    if allowed is not None and value and value.lower() not in allowed:
        raise NotPossibleError(f"SET {known} to {value}: the proxy reads and writes in one way")


def learned(settings: Settings, name: str, value: str) -> Settings:
    """Return the settings of a session after the provider told, or a client set, one of them.

    Raises:
        WireError: the provider reads texts in another way from now on.
    """
    # THREAT T653: what was planned is no longer what the provider would read
    if name == _MEANING and value != "on":
        raise WireError("the provider reads texts in another way from now on")
    known = _FOLLOWED.get(name.lower())
    if known is None:
        return settings
    told: Any = int(value) if known == "extra_float_digits" else value  # reason: of two types
    return replace(settings, **{known: told})
