"""Coroutines of tests, each in a loop of a thread of its own.

A browser that the same process drives leaves a loop running in the main thread, where no other may
run.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Came = TypeVar("Came")


def in_a_loop(coroutine: Coroutine[Any, Any, Came]) -> Came:
    """Return what a coroutine returns."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
