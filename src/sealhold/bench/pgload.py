"""A load for a PostgreSQL server: a bare pool of 8 connections that select rows by their keys.

- A process of its own, as the load of a server is. The statement is that by which the vault's
  store gets a row; nothing is decided, logged, written or opened.
- Reads one JSON object on standard input: `address`, `schema`, `seconds` and `workers`; writes one
  with `selected` and `seconds`.

Source: docs/benchmarks.md.
"""

import asyncio
import json
import sys
import time
from itertools import cycle
from typing import Any, Final

import asyncpg

from sealhold.stores.pgtext import PgText
from sealhold.stores.tables import Table
from sealhold.vault.personrows import RECORDS

POOL: Final = 8


async def load(address: str, schema: str, seconds: float, workers: int) -> dict[str, float]:
    """Select for so many seconds, and return what came of it."""
    text = PgText(Table(RECORDS), schema)
    async with asyncpg.create_pool(address, min_size=POOL, max_size=POOL) as pool:
        found = await pool.fetch(f"SELECT c_subject, c_coll, c_id FROM {text.name}")  # noqa: S608  # reason: a checked name
        keys = cycle([tuple(row) for row in found])
        selected, began = 0, time.perf_counter()
        until = began + seconds

        async def work() -> None:
            nonlocal selected
            while time.perf_counter() < until:
                subject, coll, record = next(keys)
                rows = await pool.fetch(text.rows, [subject], [coll], [record])
                selected += len(rows)

        await asyncio.gather(*(work() for _ in range(workers)))
        return {"selected": selected, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    asked: dict[str, Any] = json.load(sys.stdin)
    json.dump(asyncio.run(load(**asked)), sys.stdout)
