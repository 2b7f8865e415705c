"""Whether a source still gives what it gave: columns that are gone, items that are all refused.

- The shape of what came is counted: how many rows of each dataset, how often each column was
  empty, how many items were refused. Of the values nothing is kept.
- A first portion that lacks what was never lacking before, or of which most is refused that was
  not before, is no more the same export: nothing of it is kept until its owner looked.
- Of as many inputs as before nothing may be left out: a dataset of which none comes any more, while
  others do, is not held to be gone until its owner looked.
- A few rows prove nothing: both sides must have twenty.

Source: docs/spec/45-staging.md section 3.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sealhold.connectors.spec import Batch
from sealhold.model.encoding import Plain
from sealhold.model.errors import SourceChangedError

ENOUGH = 20  # rows
FEW, MANY = 0.1, 0.5  # shares of what is refused
NAMES = 3  # told


class Canary:
    """Counts what one input gives, and holds its beginning against what was accepted."""

    def __init__(self, accepted: Plain) -> None:
        """Begin.

        Args:
            accepted: the shape that was kept; None if nothing is known or all is accepted.
        """
        self._accepted: Mapping[str, Any] = accepted if isinstance(accepted, dict) else {}
        self._rows: Counter[str] = Counter()
        self._empty: dict[str, Counter[str]] = {}
        self._refused = 0
        self._begun = False
        self._inputs = 0  # of a whole read

    def begin(self) -> None:
        """Look at the next batch: it is the first of another input."""
        self._begun = False

    def see(self, batch: Batch) -> None:
        """Take note of a batch; only the first of an input counts.

        Raises:
            SourceChangedError: it is not of the shape that was accepted.
        """
        if self._begun:
            return
        self._begun = True
        rows: Counter[str] = Counter()
        empty: dict[str, Counter[str]] = {}
        for item in batch.items:
            rows[item.dataset] += 1
            lacking = (name for name, value in item.fields.items() if value in (None, "", []))
            empty.setdefault(item.dataset, Counter()).update(lacking)
        self._check(batch, rows, empty)
        self._rows += rows
        self._refused += len(batch.rejects)
        for name, found in empty.items():
            self._empty.setdefault(name, Counter()).update(found)

    def check_gone(self, gone: Mapping[str, int], inputs: int) -> None:
        """Return if it may be that items are gone.

        Args:
            gone: how many of each dataset were there and did not come.
            inputs: how many were read now, to their end.

        Raises:
            SourceChangedError: nothing comes any more of what is still there, as it seems.
        """
        self._inputs = inputs
        if not self._rows or inputs < self._accepted.get("inputs", inputs + 1):
            return  # there is less than before: somebody took it away
        # THREAT T398: an export in another form would otherwise take out all that it held before
        left_out = [
            name for name, count in gone.items() if count >= ENOUGH and not self._rows[name]
        ]
        if left_out:
            named = ", ".join(f"`{each}`" for each in sorted(left_out)[:NAMES])
            raise SourceChangedError(f"nothing comes any more of what was always there: {named}")

    def shape(self) -> Plain:
        """Return what was accepted with what came now."""
        shape: dict[str, Any] = {}
        before = self._accepted.get("datasets", {})
        for name in {*before, *self._rows}:
            old = before.get(name, {"rows": 0, "empty": {}})
            empty = Counter(old["empty"]) + self._empty.get(name, Counter())
            shape[name] = {"rows": old["rows"] + self._rows[name], "empty": dict(empty)}
        refused = self._accepted.get("refused", 0) + self._refused
        inputs = self._inputs or self._accepted.get("inputs", 0)
        return {"datasets": shape, "refused": refused, "inputs": inputs}

    def _check(self, batch: Batch, rows: Counter[str], empties: Mapping[str, Counter[str]]) -> None:
        before = self._accepted.get("datasets", {})
        known = sum(each["rows"] for each in before.values())
        came, refused = len(batch.items), len(batch.rejects)
        if known < ENOUGH or came + refused < ENOUGH:
            return
        was_few = self._accepted["refused"] < FEW * (known + self._accepted["refused"])
        if was_few and refused > MANY * (came + refused):
            reasons = Counter(each.detail for each in batch.rejects)
            why = "; ".join(reason for reason, _ in reasons.most_common(NAMES))
            raise SourceChangedError(f"most of it cannot be read as before: {why}")
        gone = [
            f"{dataset}.{column}"
            for dataset, old in sorted(before.items())
            if old["rows"] >= ENOUGH and rows[dataset] >= ENOUGH
            for column, count in sorted(empties[dataset].items())
            if count == rows[dataset] and column not in old["empty"]
        ]
        if gone:
            named = ", ".join(f"`{each}`" for each in gone[:NAMES])
            raise SourceChangedError(f"what was always there is empty now: {named}")
