"""Whether a column can be protected as its policy says, and whether that does what it is used for.

Source: docs/spec/16-protection-policy.md section 4.2.
"""

from typing import Final

from sealhold.protect.findings import Findings
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy
from sealhold.protect.policywords import ALPHABETS, TECHNIQUES
from sealhold.protect.techniquefacts import CLEAR, FACTS, Facts
from sealhold.protect.tomllines import Path
from sealhold.protect.typefamilies import Family, Kind, kind_of

LEAST_FPE: Final = 1_000_000  # values; below that a cipher over them can be guessed (SP 800-38G)
ENOUGH: Final = 20  # characters, of which two kinds alone give LEAST_FPE values
DENSE: Final = 65_536  # values; with fewer, their order soon tells each of them
ONE_BIT: Final = 2
MOST_DIGITS: Final = 18  # of a number that 64 bits hold
_OF_CANONICAL: Final = ("deterministic", "token", "fpe")  # give back one form of equal values
_MANY_FORMS: Final = frozenset({"numeric", "bpchar"})  # of one value, where they are not limited
_TOLD: Final = frozenset({"identifier", "confidential"})
_USES: Final = {  # which techniques a key changes
    "domain": ("match", "deterministic", "order", "fpe", "token"),
    "pad": ("sealed",),
    "fold": ("match", "deterministic", "words"),
    "tokens": ("words",),
    "bits": ("match",),
    "scale": ("order", "he-sum", "paillier-sum", "range-hidden"),
    "range": ("order", "range-hidden", "fpe", "he-sum"),
    "buckets": ("range-hidden",),
    "alphabet": ("fpe",),
}


def check_column(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    """Add what is wrong or doubtful about one column."""
    kind = kind_of(column.type)
    if not column.is_clear:
        _check_known(column, kind, path, findings)
    _check_cells(column, path, findings)
    _check_types(column, kind, path, findings)
    _check_usages(column, path, findings)
    _check_order(column, kind, path, findings)
    _check_fpe(column, kind, path, findings)
    _check_details(column, kind, path, findings)
    _check_class(column, path, findings)


def facts_of(column: ColumnPolicy) -> tuple[Facts, ...]:
    """Return the facts of each technique of a column, or those of a clear one."""
    return tuple(FACTS[each] for each in column.techniques) or (CLEAR,)


def _check_known(column: ColumnPolicy, kind: Kind, path: Path, findings: Findings) -> None:
    try:
        named(column.type)
    except TypeRefusedError:
        findings.error(
            "unknown-type",
            (*path, "type"),
            f"`{column.name}` is of type `{column.type}`, which the proxy does not know",
            "write it as PostgreSQL does, or let the column be clear",
        )
    lost = next((each for each in _OF_CANONICAL if each in column.techniques), "")
    if lost and kind.base in _MANY_FORMS and not kind.modifiers:
        findings.error(
            "forms-lost",
            (*path, "protect"),
            f"`{lost}` does not keep how a `{column.type}` is written: 1.0 is equal to 1.00",
            "give the type a length or scale, or take `match`",
        )


def _check_cells(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    cells = [each for each in column.techniques if FACTS[each].is_cell]
    if len(cells) > 1:
        findings.error(
            "two-cells",
            (*path, "protect"),
            f"`{column.name}` is to be {_joined(cells)} at once, and each fills the column itself",
            "keep one of them",
        )


def _check_types(column: ColumnPolicy, kind: Kind, path: Path, findings: Findings) -> None:
    for technique in column.techniques:
        if kind.family in FACTS[technique].families:
            continue
        if technique == "order" and kind.family is Family.TEXT:
            findings.error(
                "order-on-text",
                (*path, "protect"),
                f"`{column.name}` is free text, which `order` cannot hold",
                "take `order` out; `match` finds equal values, `words` finds words",
            )
            continue
        able = [each for each in TECHNIQUES if kind.family in FACTS[each].families]
        findings.error(
            "technique-on-type",
            (*path, "protect"),
            f"`{column.name}` is of type `{column.type}`, which `{technique}` cannot hold",
            f"take one that can: {_joined(able)}",
        )


def _check_usages(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    served = frozenset[str]().union(*(each.serves for each in facts_of(column)))
    for usage in column.usages:
        if usage not in served:
            able = [each for each in TECHNIQUES if _can_serve(each, usage, column)]
            findings.error(
                "usage-unserved",
                (*path, "usages"),
                f"nothing in `protect` of `{column.name}` serves `{usage}`",
                f"add one that does ({_joined(able)}), or take `{usage}` out of `usages`"
                if able
                else f"take `{usage}` out of `usages`",
            )


def _can_serve(technique: str, usage: str, column: ColumnPolicy) -> bool:
    facts = FACTS[technique]
    return usage in facts.serves and kind_of(column.type).family in facts.families


def _check_order(column: ColumnPolicy, kind: Kind, path: Path, findings: Findings) -> None:
    if "order" not in column.techniques or kind.family not in FACTS["order"].families:
        return
    if kind.family is Family.NUMERIC:
        if column.scale is None:
            least = kind.scale or 0
            findings.error(
                "order-without-scale",
                (*path, "scale"),
                f"`order` of `{column.name}` needs to know how many decimals there are",
                f"say `scale = {least}`, or as many as there are",
            )
        if (kind.precision or 0) > MOST_DIGITS:
            findings.error(
                "order-too-long",
                (*path, "type"),
                f"`{column.name}` has {kind.precision} digits; `order` holds {MOST_DIGITS}",
                f"give it {MOST_DIGITS} digits or fewer, or take `order` out",
            )
    values = _values(column, kind)
    if values is not None and values <= DENSE:
        almost = "tells them outright" if values <= ONE_BIT else "soon tells each of them"
        findings.warning(
            "order-one-bit" if values <= ONE_BIT else "order-dense",
            (*path, "protect"),
            f"`{column.name}` has some {values:,} values: their order {almost}",
            "take `order` out if the values are a secret; `range-hidden` shows no order",
        )


def _values(column: ColumnPolicy, kind: Kind) -> int | None:
    """Return how many values there can be, if there are not very many."""
    if column.range is not None:
        return column.range[1] - column.range[0] + 1
    match kind.family:
        case Family.INTEGER if kind.base == "int2":
            return DENSE
        case Family.DATE:
            return 50_000  # days of the lives of everybody
        case Family.NUMERIC if kind.precision is not None and kind.precision <= 4:  # noqa: PLR2004  # reason: 10^5 are more than DENSE
            return 2 * int(10**kind.precision) - 1
        case _:
            return None


def _check_fpe(column: ColumnPolicy, kind: Kind, path: Path, findings: Findings) -> None:
    if "fpe" not in column.protect or kind.family not in FACTS["fpe"].families:
        return
    named = ALPHABETS.get(column.alphabet)
    radix = named or len(set(column.alphabet[1:]))
    if named is None and radix < len(column.alphabet) - 1:
        findings.error(
            "alphabet-twice",
            (*path, "alphabet"),
            f"a character stands twice in the alphabet of `{column.name}`",
            "name each once",
        )
    values = LEAST_FPE if kind.length is None else radix ** min(kind.length, ENOUGH)
    if values < LEAST_FPE:
        findings.error(
            "fpe-too-few",
            (*path, "protect"),
            f"`{column.name}` has {values:,} values; `fpe` needs {LEAST_FPE:,}",
            "take `token` or `deterministic`",
        )


def _check_details(column: ColumnPolicy, kind: Kind, path: Path, findings: Findings) -> None:
    """Judge the keys that change how a technique works."""
    usual = ColumnPolicy(name="", type="")
    for key, techniques in _USES.items():
        if getattr(column, key) == getattr(usual, key) or set(techniques) & {*column.techniques}:
            continue
        findings.warning(
            "no-effect",
            (*path, key),
            f"`{key}` of `{column.name}` changes nothing: no technique here uses it",
            f"take it out, or add {_joined(techniques, 'or')}",
        )
    if column.fold != "none" and kind.family is not Family.TEXT:
        findings.error(
            "fold-not-text",
            (*path, "fold"),
            f"`{column.name}` is no text, so there is no case to fold",
            "take `fold` out",
        )
    if column.scale is not None and kind.scale is not None and kind.scale != column.scale:
        findings.error(
            "scale-differs",
            (*path, "scale"),
            f"`{column.name}` has {kind.scale} decimals by its type and {column.scale} by `scale`",
            f"say `scale = {kind.scale}`",
        )
    if "range-hidden" in column.protect:
        _check_range(column, path, findings)


def _check_range(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    if column.range is None:
        findings.error(
            "range-missing",
            (*path, "range"),
            f"`range-hidden` of `{column.name}` needs to know from where to where values lie",
            "add `range = [LOW, HIGH]`",
        )
    if column.buckets & (column.buckets - 1):
        findings.error(
            "buckets-uneven",
            (*path, "buckets"),
            f"`buckets` of `{column.name}` is no power of two",
            "take 64, 128, 256 or the like",
        )


def _check_class(column: ColumnPolicy, path: Path, findings: Findings) -> None:
    if column.is_clear and column.class_ in _TOLD:
        findings.warning(
            "told-in-clear",
            (*path, "protect"),
            f"`{column.name}` is {column.class_}, and the provider reads it",
            "protect it, or say what else it is in `class`",
        )


def _joined(words: tuple[str, ...] | list[str], last: str = "and") -> str:
    quoted = [f"`{each}`" for each in words]
    if len(quoted) < 2:  # noqa: PLR2004  # reason: one alone needs no word between
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
