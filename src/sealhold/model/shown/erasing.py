"""What the faces show of erasing an item.

Source: docs/spec/09-leakage.md section 12.
"""

from dataclasses import dataclass

from sealhold.model.ids import Collection, RecordId
from sealhold.model.shown import GrantView


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """An item that is erased, or would be, and what ends with it."""

    record: RecordId
    collection: Collection
    grants: tuple[GrantView, ...]  # of tasks that looked at it as one of a frozen set
    retired: tuple[str, ...]  # those tasks, as 64 hex digits, once it is erased
