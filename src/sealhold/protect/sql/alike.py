"""What sessions of one planner know alike: the names of a provider, and plans made under them.

- Sessions that are told the same of a provider's names have one set of them, and of plans.
- A plan follows from its text, types and names alone; it holds no value of a client but constants
  of the text, by which it is found.
- What no session uses any more is not kept.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

from sealhold.protect.sql.names import Cells
from sealhold.protect.sql.plan import Plan

PLANS: Final = 2_048  # texts that are remembered under the same names

Plans = tuple[Plan, ...]
Answers = Sequence[Sequence[Cells]]


class Common:
    """Names, and the plans that were made under them."""

    __slots__ = ("__weakref__", "_plans", "names")

    def __init__(self, names: Any) -> None:  # noqa: ANN401  reason: the planner's own
        self.names = names
        self._plans: dict[object, Plans] = {}

    def plans(self, key: object) -> Plans | None:
        """Return what was planned for a text."""
        return self._plans.get(key)

    def keep(self, key: object, plans: Plans) -> None:
        """Remember what was planned for a text, and forget the oldest if there are too many."""
        if len(self._plans) >= PLANS:
            del self._plans[next(iter(self._plans))]
        self._plans[key] = plans


class Alike:
    """What the sessions of one planner have in common. For one thread."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], Common] = WeakValueDictionary()

    def under(self, version: int, answers: Answers, names: Callable[[Answers], Any]) -> Common:
        """Return what is known under the names that a provider tells of.

        Args:
            version: of the policy, as it was before the provider was asked.
            answers: of the provider.
            names: makes names of them.
        """
        # THREAT T644: another policy, or other names, and nothing that was planned is taken
        key = version, *(tuple(map(tuple, rows)) for rows in answers)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Common(names(answers))
        return found
