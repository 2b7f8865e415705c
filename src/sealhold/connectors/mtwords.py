"""The words of a statement line of MT940: who, what for, and which kind of booking.

- Banks write them in one of two forms: numbered parts (`?20`, `?32`, after a code of three
  digits) or parts with names between slashes (`/NAME/`, `/REMI/`). All else is words.

Source: docs/spec/44-money-and-mail.md section 4.
"""

import re
from dataclasses import dataclass

_NUMBERED = re.compile(r"\d{3}([?<>|])\d\d")
_PURPOSE = (*range(20, 30), *range(60, 64))
_PAYEE = (32, 33)
_KIND = 0
_NAMED = re.compile(r"/([A-Z]{2,8})/")
_NAMES = frozenset(
    ("ADDR", "BENM", "BIC", "CNTP", "CSID", "EREF", "IBAN", "ISDT", "MARF", "NAME", "NRTX", "ORDP",
     "PREF", "PURP", "REMI", "RTRN", "SVCL", "TRCD", "TRTP", "ULTB", "ULTC", "ULTD")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a line tell."""

    kind: str | None
    payee: str | None
    memo: str | None


def words_of(text: str) -> Words:
    """Return what the field behind a statement line tells; without a known form, all is words."""
    found = _NUMBERED.match(text)
    if found is not None:
        return _numbered(text, found[1])
    parts = _NAMED.split(text.replace("\n", ""))
    if parts[0].strip() == "" and set(parts[1::2]) & _NAMES:
        return _named(parts)
    return Words(None, None, " ".join(text.split()) or None)


def _numbered(text: str, mark: str) -> Words:
    parts: dict[int, str] = {}
    for part in text.replace("\n", "").split(mark)[1:]:
        if part[:2].isascii() and part[:2].isdigit():
            parts.setdefault(int(part[:2]), part[2:])
    purpose = "".join(parts.get(number, "") for number in _PURPOSE).strip()
    payee = "".join(parts.get(number, "") for number in _PAYEE).strip()
    return Words(parts.get(_KIND, "").strip() or None, payee or None, purpose or None)


def _named(parts: list[str]) -> Words:
    """Return what parts between slashes tell; a name that is unknown is part of the words."""
    told: dict[str, str] = {}
    name = ""
    for code, words in zip(parts[1::2], parts[2::2], strict=True):
        if code in _NAMES and code not in told:
            name = code
            told[name] = words
        else:
            told[name] = f"{told.get(name, '')}/{code}/{words}"
    parties = (_party(told.get("CNTP", "")), *map(told.get, ("NAME", "ORDP", "BENM")))
    party = next(filter(None, parties), None)
    return Words(_clean(told.get("TRTP")), _clean(party), _clean(told.get("REMI")))


def _party(written: str) -> str | None:
    """Return the name of the other party: account, bank, name and place between slashes."""
    parts = written.split("/")
    return parts[2] if len(parts) > 2 else None  # noqa: PLR2004  reason: the name is the third


def _clean(text: str | None) -> str | None:
    return " ".join((text or "").strip("/ ").split()) or None
