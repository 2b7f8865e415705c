"""Why a program failed on a made-up object, told to its author through the only way out: a number.

- A cell gives back whole numbers and nothing else, also here. So the program is run once more with
  a few lines behind it that catch what it raises and say which of a list of errors it was.
- Used on synthetic data alone. An app's run has no such lines, and its failures have no reasons.

Source: docs/spec/08-task-manifest.md section 8.
"""

import re
from collections.abc import Mapping
from enum import Enum

FIRST = 2**62  # the first of the numbers that say a reason; no declared range reaches it
ERRORS = (
    "KeyError", "TypeError", "ValueError", "IndexError", "AttributeError", "ZeroDivisionError",
    "NameError", "AssertionError", "OverflowError", "RecursionError", "Exception",
)  # fmt: skip
TYPES = ("bool", "str", "float", "list", "dict", "tuple")
_OTHER = FIRST + len(ERRORS) + len(TYPES)  # the number of a value of no listed type
_PASSES = 0  # the number of a run that did not fail again


_VALUE = re.compile(r"(?<=returned )-?\d+")


class Reason(Enum):
    """What kept a value from passing the gate."""

    OUT_OF_RANGE = "returned {}, which is not in `evaluate.range`"
    TOO_LARGE = "is larger than `input.max_object_bytes`"
    RAISED = "raised {}"
    WRONG_TYPE = "returned a value of type {}, not int"
    TOO_BIG = "returned a whole number beyond 64 bits"
    TRAP = "trapped, or met the limit of fuel, time or memory"
    LIMIT = "met the limit of time or memory, or ended its process"

    def of(self, detail: str = "") -> str:
        """Return the sentence with its detail."""
        return self.value.format(detail)


def probe(code: bytes) -> bytes:
    """Return the program with lines behind it that turn its failure into a number."""
    catches = "".join(
        f"    except {name}:\n        return {FIRST + number}\n"
        for number, name in enumerate(ERRORS)
    )
    types = "".join(
        f"    if isinstance(value, {name}):\n        return {FIRST + len(ERRORS) + number}\n"
        for number, name in enumerate(TYPES)
    )
    tail = (
        "\n\nsealhold_own = evaluate\n\n\ndef evaluate(obj, res):\n    try:\n"
        f"        value = sealhold_own(obj, res)\n{catches}{types}"
        "    if isinstance(value, int):\n"
        f"        return {_PASSES} if -(2**63) <= value < 2**63 else {_OTHER + 1}\n"
        f"    return {_OTHER}\n"
    )
    return code + tail.encode()


def reason_of(told: int | None) -> str:
    """Return the sentence that the number of a probe says.

    None is a probe that failed too. What failed once and not again met a limit the first time.
    """
    if told is None or told < FIRST:
        return Reason.LIMIT.of()
    if told > _OTHER:
        return Reason.TOO_BIG.of()
    number = told - FIRST
    if number < len(ERRORS):
        return Reason.RAISED.of(ERRORS[number])
    return Reason.WRONG_TYPE.of((*TYPES, "None or another")[number - len(ERRORS)])


def grouped(reasons: Mapping[int, str]) -> list[tuple[str, list[int]]]:
    """Return each reason with the objects that it is of; values that differ are one reason."""
    kinds: dict[str, list[int]] = {}
    for index, why in reasons.items():
        kinds.setdefault(_VALUE.sub("", why), []).append(index)
    found = []
    for indexes in kinds.values():
        first = reasons[indexes[0]]
        if any(reasons[index] != first for index in indexes):
            first = _VALUE.sub(r"\g<0> and other values", first).replace("which is", "which are")
        found.append((first, indexes))
    return found
