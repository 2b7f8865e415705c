"""From the values of many objects to the one number that may leave.

Source: docs/spec/09-leakage.md section 4; docs/spec/17-noise.md.
"""

from collections.abc import Sequence

from sealhold.compute.aggregates import Kind, exact, released_range
from sealhold.compute.combining import combined
from sealhold.compute.drawing import blurred_answer
from sealhold.compute.noising import blur_of
from sealhold.compute.office import Office
from sealhold.compute.replay import Program


def result_of(
    office: Office, program: Program, values: Sequence[int], coarsen: int, day: int
) -> int:
    """Return the answer over gated `values`, rounded down to every `coarsen`-th.

    Args:
        office: the parts.
        program: what gave the values.
        values: of the objects, each a member of the evaluate range.
        coarsen: every n-th answer is kept.
        day: of the noise, if the task has any (`drawing.day_of`).

    Raises:
        UnavailableError: the host could not run the task's own aggregate.
        DeniedError: the answer has noise that was never paid.
    """
    task = program.task
    if task.aggregate.kind is Kind.CUSTOM:
        value = combined(office, program, values)
    else:
        value = exact(task.aggregate, task.evaluate.range, task.input.max_objects, values)
    blur = blur_of(task)
    if blur is not None:
        value = blurred_answer(office, blur, program.scope, day, value)
    # INVARIANT: what leaves is a member of the coarsened range.
    return released_range(task.aggregate, coarsen).clamp(value)
