"""The keys of one TOML table, each asked for by its type; what is wrong is gathered, not raised.

- A key that nobody asked for is a fault: a typing error must not loosen anything.
- A value of a wrong type or out of its range is a fault, and counts as absent from then on.

Source: docs/spec/16-protection-policy.md section 1.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from sealhold.protect.findings import Findings
from sealhold.protect.tomllines import Path

MAX_ENTRIES: Final = 10_000  # of one list
_SIZE: Final = re.compile(r"([1-9][0-9]{0,12})(B|KiB|MiB|GiB)")
_UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class Keys:
    """One table of the text."""

    def __init__(self, table: Mapping[str, object], path: Path, findings: Findings) -> None:
        self._table = table
        self.path = path
        self._findings = findings
        self._asked: set[str] = set()

    def text(self, key: str, form: re.Pattern[str], what: str, default: str | None = None) -> str:
        """Return a text of a form that `what` says in words; needed if there is no default."""
        value = self._get(key)
        if value is None:
            return self._absent(key, what) if default is None else default
        if isinstance(value, str) and form.fullmatch(value):
            return value
        self._wrong(key, what)
        return default or ""

    def word(self, key: str, words: Collection[str], default: str) -> str:
        """Return one of `words`."""
        value = self._get(key)
        if value is None or value in words:
            return default if value is None else str(value)
        self._wrong(key, f"one of {_listed(words)}{_near(value, words)}")
        return default

    def words(self, key: str, words: Collection[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return some of `words`, in the order of the text; at least one."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not 0 < len(value) <= len(words):
            self._wrong(key, f"a list of {_listed(words)}")
            return default
        wrong = [(n, each) for n, each in enumerate(value) if each not in words]
        for number, each in wrong:
            near = _near(each, words)
            self._wrong(key, f"a list of {_listed(words)}{near}", (*self.path, key, number))
        if len(set(map(str, value))) < len(value):
            self._wrong(key, "a list in which nothing stands twice")
            return default
        return default if wrong else tuple(map(str, value))

    def texts(
        self, key: str, form: re.Pattern[str], what: str, most: int = MAX_ENTRIES
    ) -> tuple[str, ...]:
        """Return a list of texts of one form, each once; empty if it is absent."""
        value = self._get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            self._wrong(key, f"a list of up to {most} texts: {what}")
            return ()
        for number, each in enumerate(value):
            if not (isinstance(each, str) and form.fullmatch(each)):
                self._wrong(key, f"a list of texts: {what}", (*self.path, key, number))
                return ()
        if len(set(value)) < len(value):
            self._wrong(key, "a list in which nothing stands twice")
            return ()
        return tuple(value)

    def whole(self, key: str, low: int, high: int, default: int | None) -> int:
        """Return a whole number from `low` to `high`; needed if there is no default."""
        found = self.whole_or_none(key, low, high)
        if found is not None:
            return found
        if default is None:
            if key not in self._table:
                self._absent(key, f"a whole number from {low} to {high}")
            return low
        return default

    def whole_or_none(self, key: str, low: int, high: int) -> int | None:
        """Return a whole number from `low` to `high`, or None if the key is absent."""
        value = self._get(key)
        if value is None or _is_whole(value, low, high):
            return value if isinstance(value, int) else None
        self._wrong(key, f"a whole number from {low} to {high}")
        return None

    def one_of(self, key: str, numbers: Collection[int], default: int) -> int:
        """Return one of a few numbers."""
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and value in numbers:
            return value
        self._wrong(key, f"one of {', '.join(map(str, numbers))}")
        return default

    def truth(self, key: str) -> bool:
        """Return true or false; false if it is absent."""
        value = self._get(key)
        if value is not None and not isinstance(value, bool):
            self._wrong(key, "true or false")
        return value is True

    def fraction(self, key: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        self._wrong(key, "a number from 0 to 1")
        return default

    def size(self, key: str, low: int, high: int, default: int) -> int:
        """Return a number of bytes, which may be written as `256MiB`."""
        value = self._get(key)
        if value is None:
            return default
        said = _SIZE.fullmatch(value) if isinstance(value, str) else None
        found = int(said[1]) * _UNITS[said[2]] if said else value
        if isinstance(found, int) and _is_whole(found, low, high):
            return found
        self._wrong(key, f"a number of bytes from {low} to {high}, such as 256MiB")
        return default

    def pair(self, key: str, low: int, high: int) -> tuple[int, int] | None:
        """Return two whole numbers, the smaller one first."""
        match self._get(key):
            case None:
                return None
            case [int() as first, int() as last] if (
                _is_whole(first, low, high) and _is_whole(last, low, high) and first < last
            ):
                return first, last
        self._wrong(key, "two whole numbers, the smaller one first")
        return None

    def table(self, key: str) -> "Keys":
        """Return the table of that name, which is empty if it is absent."""
        value = self._get(key)
        if value is not None and not isinstance(value, dict):
            self._wrong(key, "a table")
        return Keys(value if isinstance(value, dict) else {}, (*self.path, key), self._findings)

    def tables(self, key: str) -> Iterator["Keys"]:
        """Yield each table of a list, none if it is absent."""
        value = self._get(key)
        if value is None:
            return
        is_list = isinstance(value, list) and len(value) <= MAX_ENTRIES
        if not isinstance(value, list) or not is_list:
            self._wrong(key, f"a list of up to {MAX_ENTRIES} tables, `[[{key}]]`")
            return
        for number, each in enumerate(value):
            path = (*self.path, key, number)
            if isinstance(each, dict):
                yield Keys(each, path, self._findings)
            else:
                self._wrong(key, f"a list of tables, `[[{key}]]`", path)

    def has(self, key: str) -> bool:
        """Return whether the key stands in the text."""
        return key in self._table

    def value(self, key: str) -> object:
        """Return what stands there, of whatever type; the caller judges it."""
        return self._get(key)

    def fault(self, key: str, what: str) -> None:
        """Add that the key must be `what`, and is not."""
        self._wrong(key, what)

    def end(self) -> None:
        """Add each key that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                near = _near(key, self._asked)
                self._findings.error(
                    "unknown-key",
                    (*self.path, key),
                    f"`{key[:63]}` is no key that is known here{near}",
                    "take it out, or write it as section 2 of docs/spec/16-protection-policy.md",
                )

    def _get(self, key: str) -> object:
        self._asked.add(key)
        return self._table.get(key)

    def _absent(self, key: str, what: str) -> str:
        self._findings.error(
            "missing-key", (*self.path, key), f"`{key}` is missing: {what}", f"add `{key}`"
        )
        return ""

    def _wrong(self, key: str, what: str, path: Path | None = None) -> None:
        self._findings.error(
            "bad-value",
            path or (*self.path, key),
            f"`{key}` must be {what}",
            f"give `{key}` such a value, or leave it out",
        )


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _listed(words: Collection[str]) -> str:
    return ", ".join(f"`{each}`" for each in words)


def _near(value: object, words: Collection[str]) -> str:
    found = get_close_matches(value, words, 1) if isinstance(value, str) else []
    return f"; is `{found[0]}` meant?" if found else ""
