"""How a suite finds its checks: the public functions of its check modules, by name."""

from collections.abc import Callable
from inspect import getmembers, isfunction
from types import ModuleType
from typing import Any, TypeVar

Tried = TypeVar("Tried")
Check = Callable[[Tried], None]  # passes, or raises what is wrong


def checks_of(*modules: ModuleType) -> dict[str, Check[Any]]:  # reason: each suite tries one type
    """Return each check of `modules` by its name, which says the rule."""
    return {
        name: check
        for module in modules
        for name, check in getmembers(module, isfunction)
        if check.__module__ == module.__name__ and not name.startswith("_")
    }
