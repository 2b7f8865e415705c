"""The shred test: back-ups from before an erasure, put back after it, give everybody else's data.

Of the erased person not one byte opens, and nothing can be tried for what it was: neither words nor
ids in clear nor the tags that people are found by. On SQLCipher, and with the rows on PostgreSQL.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import KeyKind, Sealer, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    NotFoundError,
    SealBrokenError,
    SealholdError,
)
from sealhold.model.ids import AppId, Id16, SubjectId, canonical
from sealhold.model.people import Lookup
from sealhold.node import Node
from sealhold.stores.spec import Row, TableSpec
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.lookups import LOOKUPS, Tags
from sealhold.vault.wraps import field_place
from tests.scenarios.shredded import (
    MAIL,
    NAME,
    SERVICE,
    WORDS,
    OnServer,
    Place,
    Rows,
    Shop,
    Story,
    forms,
    rows_of_all,
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


def cells(rows: Rows) -> list[bytes]:
    """Return every cell of every table that holds bytes or text."""
    values = (cell for table in rows.values() for row in table for cell in row)
    return [each if isinstance(each, bytes) else str(each).encode() for each in values]


def cells_that_open(node: Node, story: Story) -> int:
    """Return how many cells of the person in the back-up any key of today opens in its place."""
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
    for _, field, _, version, _, dek, _ in _rows_of(story, FIELDS, person):
        place = wrap_aad(KeyKind.DEK, app, person, field_place(field), version)
        count += any(opens(key, dek, place) for key in keys)
    for *clear, inner in _rows_of(story, LOOKUPS, person):
        place = framed(LOOKUPS.name.encode(), person, pack(clear))
        count += any(opens(key, inner, place) for key in papers)
    return count


def opens(key: Secret, sealed: bytes, place: bytes) -> bool:
    try:
        Sealer(key).open(sealed, place)
    except SealBrokenError:
        return False
    return True


def _rows_of(story: Story, table: TableSpec, person: SubjectId) -> list[Row]:
    return [row for row in story.back_up[table.name] if person in row]


def rows_found(node: Node, story: Story, word: str) -> list[Row]:
    """Return the rows of the back-up that today's keys find for a word, in any field."""
    core, app = node.parts.core, app_of(story.shops[0])
    found = []
    for field in (NAME, MAIL):
        kind = Lookup.TEXT if field == NAME else Lookup.EMAIL
        outer = core.keyring.tags(app).after(field.encode())
        with suppress(InvalidError):  # not a mail address
            tags = {outer.mac16(each) for each in Tags(core, app, field, kind).inners(word)}
            found += [row for row in story.back_up[LOOKUPS.name] if row[2] in tags]
    return found


def assert_shredded(node: Node, story: Story) -> None:
    """Nothing of the erased person opens, and nothing tells what stood there."""
    core, person = node.parts.core, id_of(story.erased)
    with pytest.raises(NotFoundError):
        core.keyring.subject(person)
    with pytest.raises(DeniedError):
        node.people.begin_get(story.shops[0].token, story.erased, SERVICE, None).wait()
    held = [*cells(story.back_up), *cells(rows_of_all(node))]
    for word in WORDS:
        assert not rows_found(node, story, word)
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
        assert [len(rows_found(node, story, word)) for word in WORDS] == [1, 1]
        values = node.people.begin_get(story.shops[0].token, story.erased, SERVICE, None).wait()
        assert set(values.fields.values()) == set(WORDS)
