"""The shred test: back-ups from before an erasure, put back after it, give everybody else's data.

Of the erased person not one byte opens, and nothing can be tried for what it was: neither words nor
ids in clear nor the tags that people are found by. On SQLCipher, and with the rows on PostgreSQL.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import KeyKind, Sealer, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import DeniedError, NotFoundError, SealBrokenError, SealholdError
from sealhold.model.ids import AppId, Id16, SubjectId, canonical
from sealhold.model.people import Lookup
from sealhold.node import Node
from sealhold.stores.spec import TableSpec
from sealhold.vault.deciding import scan_all
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.lookups import LOOKUPS, Tags
from sealhold.vault.opening import TABLES
from sealhold.vault.subjects import SUBJECTS, Subjects
from sealhold.vault.wraps import field_place
from tests.scenarios.shredded import (
    MAIL,
    NAME,
    SERVICE,
    WORDS,
    OnServer,
    Place,
    Shop,
    Story,
    forms,
    told,
)
from tests.scenarios.vaults import PASSPHRASE

PLACES: dict[str, Callable[[Path], Place]] = {"sqlcipher": Place, "postgres": OnServer}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path / "home")


def erase(node: Node, shop: Shop, subject: str) -> None:
    node.people.erase(shop.token, subject)


def turn_and_erase(node: Node, shop: Shop, subject: str, kind: str) -> None:
    """Turn the keys of everybody over, and erase a person."""
    job = node.rotation.begin(kind, shop.id, PASSPHRASE, compromised=False, throttle=0)
    assert node.rotation.run(canonical(job.id)).state == "done"
    erase(node, shop, subject)


def spare(_node: Node, _shop: Shop, _subject: str) -> None:
    """Erase nobody."""


def id_of(text: str) -> SubjectId:
    return SubjectId(Id16(bytes.fromhex(text.replace("-", ""))))


def app_of(shop: Shop) -> AppId:
    return AppId(id_of(shop.id))


def cells(node: Node) -> list[bytes]:
    """Return every cell of every table that holds bytes or text."""
    found = (row for table in TABLES for row in scan_all(node.parts.core.store, table))
    values = (cell for row in found for cell in row.row)
    return [each if isinstance(each, bytes) else str(each).encode() for each in values]


def cells_that_open(node: Node, story: Story) -> int:
    """Return how many sealed cells of the person any key of today opens, each in its true place."""
    core, person = node.parts.core, id_of(story.erased)
    app, held = app_of(story.shops[0]), core.keyring.held()
    keys = [
        *held.named.values(),
        *(each.key for each in held.fields.values()),
        *(key for each in held.apps.values() for key in (each.key, each.base)),
        *(key for each in held.subjects for key in (each.key, each.base)),
    ]
    papers = [derive(key, Tag.SUBJECT_BASE, b"papers") for key in keys]
    count = 0
    for _, field, _, version, _, dek, _ in _rows_of(node, FIELDS, person):
        place = wrap_aad(KeyKind.DEK, app, person, field_place(field), version)
        count += any(opens(key, dek, place) for key in keys)
    for *clear, inner in _rows_of(node, LOOKUPS, person):
        place = framed(LOOKUPS.name.encode(), person, pack(clear))
        count += any(opens(key, inner, place) for key in papers)
    return count


def opens(key: Secret, sealed: bytes, place: bytes) -> bool:
    try:
        Sealer(key).open(sealed, place)
    except SealBrokenError:
        return False
    return True


def _rows_of(node: Node, table: TableSpec, person: SubjectId) -> list[Any]:
    found = (each.row for each in scan_all(node.parts.core.store, table))
    return [row for row in found if person in row]


def tags_for(node: Node, shop: Shop, word: str) -> list[Any]:
    """Return the rows that today's keys find for a word, in any field."""
    core = node.parts.core
    found = []
    for field, kind in ((NAME, Lookup.TEXT), (MAIL, Lookup.EMAIL)):
        tags = Tags(core, app_of(shop), field, kind)
        try:
            found += tags.rows(tags.inners(word))
        except SealholdError:  # not a mail address
            continue
    return found


def assert_shredded(node: Node, story: Story) -> None:
    """Nothing of the erased person opens, and nothing tells what stood there."""
    core, person = node.parts.core, id_of(story.erased)
    with pytest.raises(NotFoundError):
        core.keyring.subject(person)
    with pytest.raises(DeniedError):
        node.people.begin_get(story.shops[0].token, story.erased, SERVICE, None).wait()
    for found in scan_all(core.store, SUBJECTS):
        if found.row[0] == person:
            with pytest.raises(NotFoundError):
                Subjects(core).opened(found)
    held = cells(node)
    for word in WORDS:
        assert not tags_for(node, story.shops[0], word)
        for shown in forms(word):
            assert not any(shown in cell for cell in held)
    assert cells_that_open(node, story) == 0


def assert_others_are_whole(node: Node, story: Story) -> None:
    for shop in story.shops:
        shop.assert_whole(node)


@pytest.mark.threat("T262")
@pytest.mark.promise("P8")
def test_old_rows_with_the_keys_of_today_give_everybody_but_the_erased(place: Place) -> None:
    """A4, A17: also for an app that erased nobody in between."""
    story = told(place, erase)
    place.swap_rows()

    with story.opened(older=True) as node:
        assert_shredded(node, story)
        assert_others_are_whole(node, story)
        assert_shredded(node, story)


@pytest.mark.threat("T262")
@pytest.mark.parametrize("kind", ["subjects", "app"])
def test_a4_it_is_so_when_keys_were_turned_over_since_the_back_up(place: Place, kind: str) -> None:
    story = told(place, lambda node, shop, who: turn_and_erase(node, shop, who, kind))
    place.swap_rows()

    with story.opened(older=True) as node:
        assert_shredded(node, story)
        assert_others_are_whole(node, story)


@pytest.mark.threat("T262")
def test_the_rows_of_today_with_the_keys_of_today_hold_nothing_of_the_erased(place: Place) -> None:
    story = told(place, erase)

    with story.opened(older=False) as node:
        assert_shredded(node, story)
        assert_others_are_whole(node, story)
        assert node.audit.verify().whole


@pytest.mark.threat("T262")
@pytest.mark.parametrize("rows", ["old", "new"])
def test_old_keys_open_no_rows_of_any_day(place: Place, rows: str) -> None:
    story = told(place, erase)
    place.put_keys_back()
    if rows == "old":
        place.swap_rows()

    with pytest.raises(SealholdError), story.opened(older=rows == "old"):
        pass


def test_without_an_erasure_the_same_back_ups_do_give_the_person(place: Place) -> None:
    """What is looked for above is found here: so it is there to be found."""
    story = told(place, spare)
    place.swap_rows()

    with story.opened(older=True) as node:
        core, person = node.parts.core, id_of(story.erased)
        assert core.keyring.subject(person).subject == person
        assert cells_that_open(node, story) == 4  # two values, two tags
        assert [len(tags_for(node, story.shops[0], word)) for word in WORDS] == [1, 1]
        values = node.people.begin_get(story.shops[0].token, story.erased, SERVICE, None).wait()
        assert set(values.fields.values()) == set(WORDS)
