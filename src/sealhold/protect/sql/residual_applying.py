"""Terms put together: a signature applied to its arguments, and the logic of three values.

Source: docs/spec/57-values-and-residuals.md section 8.
"""

from collections.abc import Callable, Sequence

from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.residual_resolve import Signature
from sealhold.protect.sql.residual_terms import (
    BOOL,
    Frame,
    Run,
    Term,
    Value,
    constant,
    made_of,
    value_of,
)


def applied(signature: Signature, parts: Sequence[Term]) -> Term:
    """Return the term of an operator or function on arguments of the types that it takes."""
    if any(part.is_null for part in parts):
        return made_of(signature.gives, lambda _: None, parts, is_null=True)
    runs = [part.run for part in parts]
    run = _strict(signature.run, runs, is_stable=signature.is_stable)
    return made_of(signature.gives, run, parts, is_stable=signature.is_stable)


def _strict(compute: Callable[..., Value], runs: Sequence[Run], *, is_stable: bool) -> Run:
    if is_stable:
        return _stable(compute, runs)
    if len(runs) == 1:
        return _of_one(compute, runs[0])
    if len(runs) == 2:  # noqa: PLR2004  # reason: most have two
        return _of_two(compute, runs[0], runs[1])

    def run(frame: Frame) -> Value:
        values = [each(frame) for each in runs]
        return None if None in values else compute(*values)

    return run


def _of_one(compute: Callable[..., Value], inner: Run) -> Run:
    def run(frame: Frame) -> Value:
        value = inner(frame)
        return None if value is None else compute(value)

    return run


def _of_two(compute: Callable[..., Value], left: Run, right: Run) -> Run:
    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        return None if one is None or other is None else compute(one, other)

    return run


def _stable(compute: Callable[..., Value], runs: Sequence[Run]) -> Run:
    def run(frame: Frame) -> Value:
        values = [each(frame) for each in runs]
        return None if None in values else compute(frame.given.settings, *values)

    return run


def both(parts: Sequence[Term], *, is_or: bool) -> Term:
    """Return AND or OR of truth values: what decides ends it, and NULL is neither."""
    kept: list[Term] = []
    for part in parts:
        if part.is_constant and part.doomed is None:
            value = value_of(part)
            if value is is_or:
                return constant(is_or, BOOL)
            if value is not None:
                continue
        kept.append(part)
    if not kept:
        return constant(not is_or, BOOL)
    runs = [part.run for part in kept]

    def run(frame: Frame) -> Value:
        result: bool | None = not is_or
        for each in runs:
            value = each(frame)
            if value is is_or:
                return is_or
            if value is None:
                result = None
        return result

    return made_of(BOOL, run, kept)


def negation(part: Term) -> Term:
    """Return NOT of a truth value."""
    inner = part.run

    def run(frame: Frame) -> Value:
        value = inner(frame)
        return None if value is None else not value

    return made_of(BOOL, run, (part,))


def first_of(parts: Sequence[Term], to: PgType) -> Term:
    """Return COALESCE of parts of type `to`."""
    kept: list[Term] = []
    for part in parts:
        if part.is_null:
            continue
        kept.append(part)
        if part.is_constant:
            break
    if len(kept) == 1:
        return kept[0]
    runs = [part.run for part in kept]

    def run(frame: Frame) -> Value:
        for each in runs:
            value = each(frame)
            if value is not None:
                return value
        return None

    return made_of(to, run, kept)


def distinct(equal: Signature, parts: Sequence[Term], *, is_negated: bool) -> Term:
    """Return IS [NOT] DISTINCT FROM, which is never NULL."""
    left, right = parts[0].run, parts[1].run
    compare, is_stable = equal.run, equal.is_stable

    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        if one is None or other is None:
            is_same = one is other
        else:
            is_same = (
                compare(frame.given.settings, one, other) if is_stable else compare(one, other)
            )
        return is_same if is_negated else not is_same

    return made_of(BOOL, run, parts, is_stable=is_stable)


def any_or_all(compare: Signature, parts: Sequence[Term], *, is_all: bool) -> Term:
    """Return `x op ANY (array)` or `x op ALL (array)`."""
    left, right = parts[0].run, parts[1].run
    test, is_stable = compare.run, compare.is_stable

    def run(frame: Frame) -> Value:
        elements = right(frame)
        if elements is None:
            return None
        if not elements:
            return is_all
        value = left(frame)
        if value is None:
            return None
        result: bool | None = is_all
        for element in elements:
            if element is None:
                result = None
                continue
            found = (
                test(frame.given.settings, value, element) if is_stable else test(value, element)
            )
            if found is not is_all:
                return found
        return result

    return made_of(BOOL, run, parts, is_stable=is_stable)


def greatest(parts: Sequence[Term], key: Callable[[Value], Value], *, is_least: bool) -> Term:
    """Return GREATEST or LEAST of parts of one type: NULL does not count."""
    runs = [part.run for part in parts]

    def run(frame: Frame) -> Value:
        best = best_key = None
        for each in runs:
            value = each(frame)
            if value is None:
                continue
            compared = key(value)
            if best is None or (compared < best_key if is_least else compared > best_key):
                best, best_key = value, compared
        return best

    return made_of(parts[0].type, run, parts)


def chosen(tests: Sequence[Term], results: Sequence[Term], otherwise: Term, to: PgType) -> Term:
    """Return CASE: the result of the first test that is true. Results are of type `to`."""
    kept: list[tuple[Term, Term]] = []
    for test, result in zip(tests, results, strict=True):
        if test.is_constant and test.doomed is None:
            if value_of(test) is not True:
                continue
            otherwise = result
            break
        kept.append((test, result))
    if not kept:
        return otherwise
    pairs = [(test.run, result.run) for test, result in kept]
    last = otherwise.run

    def run(frame: Frame) -> Value:
        for test, result in pairs:
            if test(frame) is True:
                return result(frame)
        return last(frame)

    parts = [term for pair in kept for term in pair]
    return made_of(to, run, [*parts, otherwise])
