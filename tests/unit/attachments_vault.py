"""What tests do with attachments of people's records."""

from sealhold.crypto.entropy import seeded
from sealhold.model.ids import SubjectId
from sealhold.vault.attaching import Given, Of
from sealhold.vault.deciding import scan_all
from sealhold.vault.objects import PACKS
from sealhold.vault.personrecords import At
from tests.unit.records_vault import NOTES, Shelf, rid

ONE = Of(At(NOTES, rid(1)), 1)
LARGE = seeded(b"an attachment")(1_000_000)


def attach(
    kept: Shelf, who: SubjectId, content: bytes, over: int | None = None, of: Of = ONE
) -> int:
    given = Given("image/png", content)
    return kept.attachments.put(kept.asking(who), of, given, over).version


def read(
    kept: Shelf, who: SubjectId, span: tuple[int | None, int | None] = (None, None), of: Of = ONE
) -> bytes:
    view = kept.attachments.get(kept.asking(who), of, span)
    content = b"".join(view.pieces)
    assert len(content) == view.end - view.start
    return content


def packs(kept: Shelf, who: SubjectId) -> set[str]:
    """Return the stored packs of a person."""
    mine = {each.row[0].hex() for each in scan_all(kept.many.store, PACKS) if each.row[1] == who}
    return {name for name in kept.many.vault.packs.names("packs/") if name[-64:] in mine}


def with_a_note(kept: Shelf) -> SubjectId:
    """Return a person with a note, to which things can be attached."""
    who = kept.newcomer()
    kept.put(who, 1, {"n": 1})
    return who
