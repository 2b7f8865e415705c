"""From the values of many objects to the one number that may leave.

Source: docs/spec/09-leakage.md section 4.
"""

from collections.abc import Sequence

from sealhold.compute.aggregates import Kind, answer, custom_answer
from sealhold.compute.office import Office
from sealhold.compute.replay import Program


def result_of(office: Office, program: Program, values: Sequence[int], coarsen: int) -> int:
    """Return the answer over gated `values`, rounded down to every `coarsen`-th.

    Raises:
        UnavailableError: the host could not run the task's own aggregate.
    """
    task = program.task
    if task.aggregate.kind is not Kind.CUSTOM:
        most = task.input.max_objects
        return answer(task.aggregate, task.evaluate.range, most, values, coarsen)
    with office.broker() as broker:
        # THREAT T31: sorted, so that the order of objects carries nothing
        raw = broker.aggregate(program.code, sorted(values), program.limits)
    return custom_answer(task.aggregate, raw, coarsen)
