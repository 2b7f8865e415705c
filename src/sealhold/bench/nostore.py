"""`sealhold serve` with a store that keeps no record of people: a peer of the bench.

- A call is taken in, decided, its record sealed and its entry made, as ever; what would then be
  committed with a record is dropped. What is left is the price of all but the database.

Source: docs/benchmarks.md.
"""

import sys
from collections.abc import Callable, Sequence

from sealhold.frontends.cli.main import run
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import Fence, Op, Outcome, Result, Unit
from sealhold.vault.personrows import RECORDS

_commit = SqlCipherStore.commit


def commit_nothing(
    self: SqlCipherStore,
    units: Sequence[Unit],
    finish: Callable[[Sequence[Result]], Sequence[Op]],
    fence: Fence,
) -> list[Result]:
    """Say that all units were applied, if a record is among them; else commit them."""
    if not any(op.table == RECORDS.name for unit in units for op in unit.ops):
        return _commit(self, units, finish, fence)
    results = [Result(Outcome.APPLIED) for _ in units]
    finish(results)
    return results


if __name__ == "__main__":
    setattr(SqlCipherStore, "commit", commit_nothing)  # noqa: B010  # reason: it is no seam
    sys.exit(run(sys.argv[1:]))
