"""The check of registers, notices and receipts: each row opens, and no story lacks an event.

Source: docs/spec/27-rights.md sections 2, 5 and 10.
"""

from collections.abc import Iterator

from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import Id16, ReceiptId, canonical
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.erased import ERASED
from sealhold.vault.erasures import Erasures
from sealhold.vault.recipients import NOTICES, Recipients
from sealhold.vault.stories import STORIES, STORY_EVENTS, Stories, StoryKind


def register_faults(core: Core) -> Iterator[str]:
    """Yield a sentence for each thing that is not as it was written."""
    stories, counted = Stories(core), 0
    for found in core.deciding.all(STORIES.name):
        counted += found.row[2]
        try:
            stories.get(StoryKind(found.row[1]), Id16(found.row[0]))
        except TamperedError:
            yield f"entry `{canonical(Id16(found.row[0]))}` of a register does not open"
    if counted != sum(1 for _ in scan_all(core.store, STORY_EVENTS)):
        yield "a register has an event too many, or lacks one"
    erasures, recipients = Erasures(core), Recipients(core)
    for found in scan_all(core.store, ERASED):
        try:
            erasures.of_receipt(ReceiptId(Id16(found.row[2])))
        except (TamperedError, NotFoundError):
            yield f"receipt `{canonical(Id16(found.row[2]))}` of an erasure does not open"
    for found in scan_all(core.store, NOTICES):
        try:
            recipients.shown(found)
        except (TamperedError, NotFoundError):
            yield f"notice `{canonical(Id16(found.row[0]))}` to a recipient does not open"
