"""How a commit goes in every store: the units that fit, then what closes the batch, or nothing.

- A unit that does not fit is refused and never run; one that fails leaves no trace of itself.
- What closes the batch is made from what came of the units. If it fails, so does the whole batch:
  whoever called has a transaction open, and takes it back when this raises.

Source: docs/spec/04-stores.md section 3.
"""

from collections.abc import Callable, Sequence

from sealhold.model.errors import ConflictError
from sealhold.stores.fitting import misfit, refuse
from sealhold.stores.spec import Op, Result, Unit
from sealhold.stores.tables import Tables

Ops = Sequence[Op]


def run_and_close(
    tables: Tables,
    units: Sequence[Unit],
    finish: Callable[[Sequence[Result]], Ops],
    *,
    run: Callable[[Sequence[Ops]], Sequence[Result]],
    close: Callable[[Ops], bool],
) -> list[Result]:
    """Return what came of each unit, once the batch is closed.

    Args:
        tables: what is declared.
        units: what is to be done.
        finish: makes the closing operations from the results.
        run: does the units that fit, and returns a result for each.
        close: does the closing operations; returns whether all of them could be done.

    Raises:
        InvalidError: a row or the batch is over a limit.
        ConflictError: a closing operation does not fit, or failed.
    """
    refused = refuse(tables, units)
    done = iter(run([unit.ops for no, unit in zip(refused, units, strict=True) if no is None]))
    results = [no or next(done) for no in refused]
    ops = finish(results)
    if misfit(tables, ops) is not None:
        raise ConflictError("a closing operation of the batch does not fit")
    if not close(ops):
        raise ConflictError("a closing operation of the batch failed")
    return results
