"""What has been kept as long as it may be is taken out for good, and nothing else."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor
from sealhold.model.errors import DeniedError
from sealhold.model.ids import SubjectId
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Put
from sealhold.vault.attaching import Given, Of
from sealhold.vault.keyblocks import Held
from sealhold.vault.personrecords import At
from sealhold.vault.personrows import RECORDS, Stand
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, whole_shelf

ONE = At(VISITS, rid(1))


@pytest.fixture
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    """Return a person with a visit of two versions and an attachment, and a note."""
    who = kept.many.people.make(kept.many.one).subject
    visit(kept, who, None)
    visit(kept, who, 1)
    kept.attachments.put(kept.asking(who), Of(ONE, 1), Given("a/b", b"x"), None)
    kept.put(who, 1, {"n": 1})
    return who


def visit(kept: Shelf, who: SubjectId, over: int | None) -> None:
    kept.records.put(kept.asking(who), ONE, {"place": "x"}, over).wait()


def later(kept: Shelf, days: int) -> None:
    kept.many.time.now = Instant(kept.many.time.now + days * DAY)


def test_nothing_goes_before_its_term(kept: Shelf, ada: SubjectId) -> None:
    later(kept, 29)
    rows = kept.rows(ada)

    assert kept.terms.end() == 0
    assert kept.rows(ada) == rows


def test_a_record_goes_whole_and_others_stay(kept: Shelf, ada: SubjectId) -> None:
    later(kept, 30)

    assert kept.terms.end() == 1

    assert kept.counts() == (1, 0, 1)
    assert kept.get(ada, 1) == {"n": 1}
    assert list(kept.many.vault.packs.names("packs/")) == []
    told = kept.events()[1]
    assert (told.reason, told.actor, told.collection) == ("term over", Actor.VAULT, VISITS)
    assert told.subject is not None
    assert kept.terms.end() == 0


def test_an_older_version_and_an_attachment_go_alone(kept: Shelf, ada: SubjectId) -> None:
    later(kept, 20)
    visit(kept, ada, 2)
    later(kept, 10)

    assert kept.terms.end() == 3  # two older versions, one attachment

    asking = kept.asking(ada)
    view = kept.records.versions(asking, ONE).wait()
    assert [each.version for each in view.versions] == [3]
    assert kept.attachments.listed(asking, ONE).attachments == ()
    assert kept.records.get(asking, ONE).wait().head.version == 3


@pytest.mark.threat("T248")
def test_a_term_that_was_edited_destroys_nothing(kept: Shelf, ada: SubjectId) -> None:
    found = kept.many.store.get(RECORDS.name, [(ada, NOTES, rid(1))])[0]
    assert found is not None
    at = [*RECORDS.columns].index("retain_until")
    kept.many.bend(Put(RECORDS.name, (*found.row[:at], 1, *found.row[at + 1 :])))

    assert kept.terms.end() == 0

    kept.many.bend(Put(RECORDS.name, found.row))
    assert kept.get(ada, 1) == {"n": 1}


def test_what_another_holds_is_left_for_the_next_time(kept: Shelf, ada: SubjectId) -> None:
    found = kept.many.store.get(RECORDS.name, [(ada, *ONE)])[0]
    assert found is not None
    keys = kept.many.vault.core.keyring.subject(ada)
    held = kept.blocks.hold(keys, [Stand.of(found).key])
    assert isinstance(held, Held)
    later(kept, 30)

    assert kept.terms.end() == 0
    held.release()
    assert kept.terms.end() == 1


def test_who_is_gone_leaves_nothing_to_end(kept: Shelf, ada: SubjectId) -> None:
    kept.many.people.erase(kept.many.one, ada)
    later(kept, 30)

    assert kept.terms.end() == 0
    with pytest.raises(DeniedError):
        kept.records.get(kept.asking(ada), ONE).wait()
