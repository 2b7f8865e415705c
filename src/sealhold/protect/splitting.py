"""Vertical splitting: which column goes to whom, so that nobody sees together what must not be.

- Columns are vertices, pairs that must be kept apart are edges, owners of providers are colours:
  two providers of one owner are one colour, since the owner can put together what both hold.
- A column may go to some colours only, or to one. Of all ways the one with the fewest colours is
  taken: exactly up to 20 columns, by the order of DSATUR (Brelaz 1979) above, where a way can be
  missed or need one colour more.
- Columns that nothing must be kept apart from are no vertices: they cost nobody anything.

Source: docs/spec/16-protection-policy.md section 4.5.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

EXACT: Final = 20  # columns up to which each way is tried

Neighbours = Mapping[str, AbstractSet[str]]


def neighbours_of(pairs: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    """Return which columns each column must be kept apart from."""
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def placed(
    pairs: Sequence[tuple[str, str]], owners: Mapping[str, Sequence[str]]
) -> dict[str, str] | None:
    """Return an owner for each column of `pairs`, or None if there is no way.

    Args:
        pairs: columns that no owner may hold both of.
        owners: of each column, to whom it may go, in order of preference.
    """
    apart = neighbours_of(pairs)
    if any(name in others for name, others in apart.items()):
        return None  # a column is never apart from itself
    if len(apart) <= EXACT:
        return _exact(apart, owners)
    return _greedy(apart, owners)


def _exact(apart: Neighbours, owners: Mapping[str, Sequence[str]]) -> dict[str, str] | None:
    everybody = {each for name in apart for each in owners.get(name, ())}
    for most in range(1, len(everybody) + 1):
        found: dict[str, str] = {}
        if _extend(found, apart, owners, most):
            return {name: found[name] for name in apart}
    return {} if not apart else None


def _extend(
    found: dict[str, str], apart: Neighbours, owners: Mapping[str, Sequence[str]], most: int
) -> bool:
    """Give an owner to each column that has none yet, with at most `most` owners in all."""
    if len(found) == len(apart):
        return True
    name = _tightest(found, apart, owners)
    used = set(found.values())
    tried: set[frozenset[str]] = set()  # who is alike in all columns is tried once
    for owner in _free(name, found, apart, owners):
        if owner not in used:
            alike = frozenset(each for each in apart if owner in owners.get(each, ()))
            if len(used) == most or alike in tried:
                continue
            tried.add(alike)
        found[name] = owner
        if _extend(found, apart, owners, most):
            return True
        del found[name]
    return False


def _greedy(apart: Neighbours, owners: Mapping[str, Sequence[str]]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    while len(found) < len(apart):
        name = _tightest(found, apart, owners)
        free = _free(name, found, apart, owners)
        if not free:
            return None
        used = set(found.values())
        found[name] = next((each for each in free if each in used), free[0])
    return {name: found[name] for name in apart}


def _tightest(
    found: Mapping[str, str], apart: Neighbours, owners: Mapping[str, Sequence[str]]
) -> str:
    """Return the column with the fewest owners left; of those, the one with most neighbours."""
    left = [name for name in apart if name not in found]
    return min(left, key=lambda name: (len(_free(name, found, apart, owners)), -len(apart[name])))


def _free(
    name: str, found: Mapping[str, str], apart: Neighbours, owners: Mapping[str, Sequence[str]]
) -> list[str]:
    taken = {found[each] for each in apart[name] if each in found}
    return [each for each in owners.get(name, ()) if each not in taken]
