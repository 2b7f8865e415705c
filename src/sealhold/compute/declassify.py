"""The gate: what a cell gives back becomes a member of the declared range, or the default.

- A value passes only if its type is exactly `int` and arithmetic says that it is a member. Any
  other value is never walked, printed, compared, hashed or kept: its type alone is looked at.
- Timeout, crash, wrong type and out of range are one outcome, the default, without retry.
- How many defaults were taken is for the owner's eyes; no proof and no app is told.

Source: docs/spec/08-task-manifest.md section 6.
"""

from dataclasses import dataclass

from sealhold.compute.ranges import Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Values that may be kept and aggregated; `defaults` is the owner's to know."""

    values: tuple[int, ...]
    defaults: int


def gate(value: object, allowed: Range, default: int) -> int:
    """Return `value` if it is a whole number of `allowed`, else `default`."""
    # THREAT T44: `type is int` refuses bool and subclasses before any method of theirs could run.
    if type(value) is int and value in allowed:
        return value
    return default


def gate_all(result: object, count: int, allowed: Range, default: int) -> Gated:
    """Return one gated value for each of `count` objects.

    A result that is not a list of just that length gives the default for each of them.
    """
    # INVARIANT: each returned value is a member of `allowed`, whatever the cell returned.
    if type(result) is not list or len(result) != count:
        return Gated(values=(default,) * count, defaults=count)
    values = tuple(gate(value, allowed, default) for value in result)
    refused = sum(type(value) is not int or value not in allowed for value in result)
    return Gated(values=values, defaults=refused)
