"""Collections of records of people: what the owner laid down holds for what is kept."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import DeniedError, InvalidError, UnknownPurposeError
from sealhold.model.ids import Purpose, SubjectId
from sealhold.model.personrecords import CollectionRule
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.personrecords import At
from tests.unit.memory_vault import NOON
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, rule, shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return kept.newcomer()


@pytest.mark.parametrize(
    "content",
    [{"stars": 3}, {"place": 1}, {"place": "x", "stars": True}, {"place": "x", "more": 1}],
)
def test_content_is_of_the_collections_types(
    kept: Shelf, ada: SubjectId, content: dict[str, object]
) -> None:
    with pytest.raises(InvalidError):
        kept.records.put(kept.asking(ada), At(VISITS, rid(1)), content, None).wait()
    good = {"place": "x", "stars": 2.5}
    kept.records.put(kept.asking(ada), At(VISITS, rid(1)), good, None).wait()
    with pytest.raises(InvalidError):
        kept.records.patch(kept.asking(ada), At(VISITS, rid(1)), {"place": None}, 1).wait()


def test_what_is_over_is_there_for_nobody(kept: Shelf, ada: SubjectId) -> None:
    at, asking = At(VISITS, rid(1)), kept.asking(ada)
    kept.records.put(asking, at, {"place": "x"}, None).wait()
    kept.records.put(asking, at, {"place": "y"}, 1).wait()
    kept.many.time.now = Instant(NOON + 30 * DAY)
    for use in (
        lambda: kept.records.get(asking, at),
        lambda: kept.records.get_version(asking, at, 1),
        lambda: kept.records.versions(asking, at),
        lambda: kept.records.delete(asking, at, 2),
    ):
        with pytest.raises(DeniedError):
            use().wait()
    assert kept.records.page(asking, VISITS, None, 9).wait().records == ()

    head = kept.records.put(asking, at, {"place": "z"}, None).wait()

    assert head.version == 3  # none was ever said of two contents
    view = kept.records.versions(asking, at).wait()
    assert [each.version for each in view.versions] == [3]


@pytest.mark.parametrize(
    "bad",
    [
        rule(versions=101),
        rule(versions=-1),
        rule(days=-1),
        rule(Purpose("Nothing")),
        rule(Name="text"),
    ],
)
def test_a_rule_that_breaks_the_format_is_refused(kept: Shelf, bad: CollectionRule) -> None:
    app = kept.many.app(kept.many.one)
    with pytest.raises((InvalidError, UnknownPurposeError)):
        kept.collections.lay_down(app, "bad", bad)
    for name in ("", "Notes", "9", "a" * 33, "no tes"):
        with pytest.raises(InvalidError):
            kept.collections.lay_down(app, name, rule())


def test_a_collection_only_grows(kept: Shelf) -> None:
    app = kept.many.app(kept.many.one)
    kept.collections.lay_down(app, "growing", rule(a="text", b="list"))

    for less in (rule(a="text"), rule(), rule(a="text", b="object")):
        with pytest.raises(InvalidError):
            kept.collections.lay_down(app, "growing", less)
    with pytest.raises(InvalidError):
        kept.collections.lay_down(app, NOTES, rule(a="text"))

    laid = kept.collections.lay_down(app, "growing", rule(a="text", b="list!", c="truth"))
    assert laid.version == 2
    assert kept.collections.get(app.id, "growing") == laid
    assert laid in kept.collections.all(app.id)
