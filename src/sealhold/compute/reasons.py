"""Why a program failed on a made-up object, told to its author through the only way out: a number.

- A cell gives back whole numbers and nothing else, also here. So the program is run once more with
  a few lines behind it that catch what it raises and say which of a list of errors it was.
- Used on synthetic data alone. An app's run has no such lines, and its failures have no reasons.

Source: docs/spec/08-task-manifest.md section 8.
"""

from enum import Enum

FIRST = 2**62  # the first of the numbers that say a reason; no declared range reaches it
ERRORS = (
    "KeyError", "TypeError", "ValueError", "IndexError", "AttributeError", "ZeroDivisionError",
    "NameError", "AssertionError", "OverflowError", "RecursionError", "Exception",
)  # fmt: skip
TYPES = ("bool", "str", "float", "list", "dict", "tuple")


class Reason(Enum):
    """What kept a value from passing the gate."""

    OUT_OF_RANGE = "returned {}, which is not in `evaluate.range`"
    TOO_LARGE = "is larger than `input.max_object_bytes`"
    RAISED = "raised {}"
    WRONG_TYPE = "returned a value of type {}, not int"
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
        f"    return {FIRST + len(ERRORS) + len(TYPES)}\n"
    )
    return code + tail.encode()


def reason_of(told: int | None) -> str:
    """Return the sentence that the number of a probe says; None is a probe that failed too."""
    if told is None or told < FIRST:
        return Reason.LIMIT.of()
    number = told - FIRST
    if number < len(ERRORS):
        return Reason.RAISED.of(ERRORS[number])
    return Reason.WRONG_TYPE.of((*TYPES, "another")[min(number - len(ERRORS), len(TYPES))])
