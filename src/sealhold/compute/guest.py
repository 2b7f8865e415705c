"""The types that a task's author imports; this module imports nothing of ours.

A task is one file with the function `evaluate(obj, res)`, and `aggregate(parts)` if its manifest
names the aggregate `custom`:

    from sealhold.compute.guest import Object, Resources

    def evaluate(obj: Object, res: Resources) -> int:
        return 1 if obj["metres"] > res["param"] else 0

Source: docs/spec/08-task-manifest.md section 5.
"""

from typing import Any, TypedDict

Value = Any  # reason: int, float, str, bool, None, or a list or dict of such, as the vault has it
Object = dict[str, Value]  # the fields that the owner granted, by name


class Resources(TypedDict):
    """What the task was given besides the object."""

    param: Value
    resources: dict[str, bytes]
