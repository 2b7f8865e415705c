"""T473, T476, T477: documents that are cut and erased, and edits by somebody who may not."""

import pytest

from sealhold.model.errors import InvalidEditError, TamperedError
from sealhold.sharing.devices.docops import Kind, New, packed, unpacked
from sealhold.sharing.devices.docsibling import rebased
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docverdicts import Why, judged, needed
from sealhold.sharing.devices.docversions import agreed
from tests.attack.hostile_documents import ANN, BEN, EVE, OTHER, entry_of, written


@pytest.mark.threat("T476")
def test_a_device_that_was_away_holds_back_the_cut_and_loses_nothing_if_it_was_not_counted() -> (
    None
):
    ann, entries = written(ANN, "first text")
    away = Document(BEN, entries=entries)
    away.insert(0, "written far away: ")
    ann.insert(0, "the ")
    ann.outgoing()
    acknowledged = {b"ann": ann.version(), b"ben": {ANN: 10}}
    assert agreed(acknowledged, [b"ann", b"ben"]) == {ANN: 10}
    assert agreed(acknowledged, [b"ann", b"ben", b"never heard of"]) == {}

    base = ann.snapshot(agreed(acknowledged, [b"ann"]))  # Ben was taken for lost
    cut = Document(OTHER, base)
    outcome = cut.take_in(BEN, away.outgoing()[0])
    assert (outcome.late, outcome.taken, cut.text()) == (True, (), "the first text")

    with pytest.raises(InvalidEditError):
        rebased(away, BEN, base)
    back, sibling = rebased(away, EVE, base)
    back.insert(0, "again ")
    assert cut.take_in(EVE, back.outgoing()[0]).taken
    assert cut.text() == "again the first text"
    assert sibling.content["text"] == "written far away: first text"
    assert Document(OTHER, sibling.snapshot).text() == "written far away: first text"


@pytest.mark.threat("T477")
def test_a_viewers_entry_counts_for_nothing() -> None:
    viewer = unpacked(entry_of(EVE, "graffiti"))
    editor = unpacked(entry_of(ANN, "text"))

    found = judged([viewer, editor], {ANN: None})

    assert (found.counted, found.suggestions, found.refused) == ((editor,), (), (viewer,))


@pytest.mark.threat("T477")
def test_of_a_removed_editor_the_past_stays_and_the_rest_is_a_suggestion() -> None:
    eve = Document(EVE)
    eve.insert(0, "seen ")
    entries = eve.outgoing()
    eve.insert(5, "unseen ")
    entries += eve.outgoing()
    ann = Document(ANN)
    for each in entries:
        ann.take_in(EVE, each)
    ann.insert(12, "built on it")
    ben = Document(BEN)
    ben.take_in(EVE, entries[0])
    ben.insert(0, "beside ")
    entries += ann.outgoing() + ben.outgoing()

    found = judged(map(unpacked, entries), {EVE: 5, ANN: None, BEN: None})

    kept = Document(OTHER, entries=map(packed, found.counted))
    assert kept.text() == "beside seen "
    assert {(each.entry.author, each.why, each.text) for each in found.suggestions} == {
        (EVE, Why.REMOVED, "unseen "),
        (ANN, Why.BUILT_ON, "built on it"),
    }
    mine = next(each for each in found.suggestions if each.entry.author == ANN)
    taken = needed(mine, found)
    whole = judged(map(unpacked, entries), {EVE: 5, ANN: None, BEN: None}, taken)
    assert len(whole.counted) == 4
    assert Document(OTHER, entries=map(packed, whole.counted)).text() == (
        "beside seen unseen built on it"
    )


TYPED = "ΓΔΘΛΞΠΣΦΨΩ"  # a code point at a time, each nowhere else
SECRETS = ["diagnosis of Eve", TYPED, "value-that-was-set"]


def history(base: bytes) -> str:
    """Return all that can be read out of a snapshot."""
    engine = Document(OTHER, base)._engine
    return engine._doc.export_json_updates(engine._vector({}), engine._doc.oplog_vv)


def _with_secrets() -> tuple[Document, list[bytes]]:
    """Return a document in which three secrets stood and stand no more, and all its entries."""
    ann = Document(ANN)
    ann.insert(0, "before ")
    ann.insert(7, SECRETS[0])
    for at, each in enumerate(TYPED):
        ann.insert(at, each)  # typed, a code point at a time
    ann.delete(0, len(TYPED))
    inner = ann.put("note", New(Kind.TEXT))
    assert inner is not None
    ann.insert(0, "inner text", inner)
    ann.put("state", SECRETS[2])
    ann.put("state", "well")
    ann.write("before after")
    return ann, ann.outgoing()


@pytest.mark.threat("T473")
@pytest.mark.parametrize("way", ["erased", "cut"])
def test_erased_text_is_in_no_byte_and_no_version_of_the_new_lineage(way: str) -> None:
    ann, _ = _with_secrets()
    version = ann.version()
    base = ann.erased(ann.gone_by()) if way == "erased" else ann.snapshot(version)

    lineage = Document(BEN, base)
    assert lineage.content() == ann.content()
    whole, left = history(ann.snapshot()), history(base)
    for piece in (SECRETS[0], SECRETS[2], *TYPED):
        assert piece in whole  # nothing is proven of what was never there
        assert piece not in left
        assert piece.encode() not in base
    if way == "erased":
        units = range(1, version[ANN] + 1)
        pasts = [str(lineage.content_at({ANN: each})) for each in units]
        assert not any(secret in past for past in pasts for secret in SECRETS)
        assert any("before" in past for past in pasts)


@pytest.mark.threat("T476")
def test_edits_of_the_old_lineage_fit_the_new_one() -> None:
    ann, entries = _with_secrets()
    away = Document(BEN, entries=entries)
    away.insert(0, "from away: ")
    lineage = Document(OTHER, ann.erased(ann.gone_by()))

    assert lineage.take_in(BEN, away.outgoing()[0]).taken
    assert lineage.text() == "from away: before after"


@pytest.mark.threat("T473")
def test_chosen_text_is_erased_while_it_stands_and_the_rest_is_not() -> None:
    ann, _ = written(ANN, "say the secret word")
    spans = ann.units_at(8, 6)

    assert spans == ((ANN, 8, 14),)
    assert (
        Document(BEN, ann.erased(spans)).text()
        == "say the " + "\N{REPLACEMENT CHARACTER}" * 6 + " word"
    )
    with pytest.raises(InvalidEditError):
        Document(BEN, ann.snapshot(ann.version())).erased(spans)


@pytest.mark.threat("T473")
@pytest.mark.threat("T474")
def test_acceptance_9_two_authors_a_foreign_span_and_a_cut_update_are_put_aside_alike() -> None:
    """Eve has two copies of her state; each replica hears of it in another order."""
    ann, log = written(ANN, "by Ann. ")
    eve, clone = Document(EVE, entries=log), Document(EVE, entries=log)
    eve.insert(0, "one ")
    clone.insert(8, "two ")
    one, two = eve.outgoing()[0], clone.outgoing()[0]
    ben = Document(BEN, entries=log)
    ben.insert(8, "by Ben. ")
    own = ben.outgoing()[0]
    came = {
        ann: [(EVE, one), (EVE, two), (EVE, own), (BEN, own[:-1]), (BEN, own)],
        ben: [(BEN, own[:-1]), (EVE, one), (ANN, one), (EVE, two), (EVE, own)],
        Document(OTHER, entries=log): [
            (EVE, own),
            (BEN, own),
            (EVE, one),
            (EVE, two),
            (BEN, own[:-1]),
        ],
    }
    quarantines = []
    for replica, entries in came.items():
        aside = set()
        for author, data in entries:
            try:
                replica.take_in(author, data)
            except TamperedError:
                aside.add(data)
        quarantines.append(aside - {one, own})

    assert {each.text() for each in came} == {"one by Ann. by Ben. "}
    assert quarantines == [{two, own[:-1]}] * 3
