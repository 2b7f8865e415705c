"""An export goes into another vault: the same profile and records, in the same versions."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.model.contents import read_object
from sealhold.model.errors import DeniedError, InvalidError, StoreUnavailableError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.people import Lookup
from sealhold.model.rights import BroughtView
from sealhold.stores.spec import MAX_BATCH, RecordStore
from sealhold.vault.attaching import Given, Of
from sealhold.vault.bringing import Bringing
from sealhold.vault.deciding import scan_all
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.keyblocks import Held
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personpacks import PersonPacks
from sealhold.vault.personrecords import At
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work, Writer
from tests.unit.people_vault import MAIL, NAME, PHONE, SERVICE, Crowd, rule
from tests.unit.records_vault import NOTES, Shelf, rid, shelf


@pytest.fixture
def there() -> Iterator[Shelf]:
    """Return the vault that an export comes from."""
    with shelf() as found:
        yield found


@pytest.fixture
def here() -> Iterator[Shelf]:
    """Return the vault that it goes into."""
    with shelf() as found:
        yield found


def uses(many: Crowd) -> Uses:
    return Uses(many.vault.core, many.registry, many.schemas)


def exported(kept: Shelf, subject: SubjectId) -> bytes:
    many = kept.many
    wanted = Wanted(app=many.one, subject=subject, actor=Actor.PERSON)
    return b"".join(Exports(many.vault.core, uses(many)).begin(wanted))


def signer(kept: Shelf) -> bytes:
    return kept.many.vault.core.keyring.signer("proof-sign").public


def brought(here: Shelf, data: bytes, key: bytes, app: AppId | None = None) -> BroughtView:
    many = here.many
    bringing = Bringing(many.vault.core, uses(many), many.people)
    return bringing.bring(app or many.one, data, key)


def files(data: bytes) -> dict[str, bytes]:
    """Return what an export says of a person, without their id and the uses."""
    packed = zipfile.ZipFile(io.BytesIO(data))
    kinds = ("records/", "attachments")
    names = [name for name in packed.namelist() if name.startswith(kinds)]
    found = {name: packed.read(name) for name in [*names, "profile.csv", "schemas.json"]}
    lines = packed.read("profile.json").splitlines()
    return {**found, "profile": b"\n".join(line for line in lines if b'"subject"' not in line)}


@pytest.mark.threat("T434")
def test_long_records_go_out_and_come_in_a_few_at_a_time(
    there: Shelf, here: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = there.many.person()
    longest = "{" + ",".join(f'"{n:05}":1.5e-07' for n in range(58_000)) + "}"
    there.put(ada, 0, read_object(longest.encode()))
    for number in range(1, 7):
        there.put(ada, number, {"text": f"{number}" * 1_000_000})
    data = exported(there, ada)
    sizes: list[int] = []
    submit = Writer.submit

    def noted(writer: Writer, works: Sequence[Work]) -> Future[list[int]]:
        sizes.extend(work.size for work in works)
        return submit(writer, works)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "submit", noted)
        view = brought(here, data, signer(there))

    assert (view.records, view.older_versions) == (7, 0)
    assert 1_000_000 < max(sizes) < MAX_BATCH // 2
    for number in range(7):
        assert here.get(view.subject, number) == there.get(ada, number)


@pytest.mark.promise("P8")
def test_a8_an_export_that_is_taken_in_is_exported_equal(there: Shelf, here: Shelf) -> None:
    many, ada = there.many, there.many.person()
    many.people.patch(many.one, ada, SERVICE, {PHONE: "+49 30 123456"}, 1)
    for number in range(70):  # more than a block of keys, and than one commit
        there.put(ada, number, {"text": f"note {number}", "deep": {"list": [1, None, True]}})
    for version in range(1, 6):  # of which three older ones are kept
        there.put(ada, 7, {"text": f"edition {version}"}, version)
    for number, content in ((1, b"a picture"), (2, bytes(300_000)), (3, b"")):
        of, given = Of(At(NOTES, rid(5)), number), Given("image/png", content)
        there.attachments.put(there.asking(ada), of, given, None)
    data = exported(there, ada)
    here.many.person(name="Zoe")

    view = brought(here, data, signer(there))

    assert (view.fields, view.records, view.older_versions, view.attachments) == (3, 70, 3, 3)
    assert view.subject != ada
    assert files(exported(here, view.subject)) == files(data)
    assert here.get(view.subject, 7) == {"text": "edition 5"}
    found = here.many.people.find(here.many.one, SERVICE, MAIL, "ada@example.org")
    assert found == (view.subject,)
    of = Of(At(NOTES, rid(5)), 2)
    picture = here.attachments.get(here.asking(view.subject), of)
    assert (picture.media, b"".join(picture.pieces)) == ("image/png", bytes(300_000))
    assert here.put(view.subject, 7, {"text": "edition 6"}, 6) == 7
    assert not list(people_faults(here.many.vault.core))


def test_who_was_taken_in_can_be_erased(there: Shelf, here: Shelf) -> None:
    ada = there.many.person()
    there.put(ada, 1, {"text": "one"})
    view = brought(here, exported(there, ada), signer(there))

    receipt = here.many.people.erase(here.many.one, view.subject)

    assert receipt.rows == {"ident": 2, "keyblock": 1, "lookup": 1, f"personrecord/{NOTES}": 1}
    assert here.counts() == (0, 0, 0)


def test_what_does_not_fit_leaves_nobody(there: Shelf, here: Shelf) -> None:
    ada = there.many.person()
    for number in range(40):
        there.put(ada, number, {"text": "one"})
    there.many.commit()  # an entry more
    data, key = exported(there, ada), signer(there)
    collections = here.collections
    before = sum(1 for _ in scan_all(here.many.store, SUBJECTS))
    app, _, ops = here.many.registry.register("Third", bytes(range(32)))
    here.many.commit(*ops)
    with pytest.raises(DeniedError):
        brought(here, data, key, app.id)  # it may keep nobody
    here.many.schemas.lay_down(app, {NAME: rule("Name")})
    with pytest.raises(InvalidError):
        brought(here, data, key, app.id)  # it knows no mail
    here.many.schemas.lay_down(
        app, {NAME: rule("Name"), MAIL: rule("EmailAddress", lookup=Lookup.EMAIL)}
    )
    with pytest.raises(InvalidError):
        brought(here, data, key, app.id)  # it has no notes

    assert collections.all(app.id) == ()
    assert sum(1 for _ in scan_all(here.many.store, SUBJECTS)) == before
    assert here.counts() == (0, 0, 0)
    with pytest.raises(DeniedError):
        brought(here, data, key, AppId(Id16(b"no such app     ")))


def test_taking_in_is_in_the_log(there: Shelf, here: Shelf) -> None:
    ada = there.many.person()
    there.put(ada, 1, {"text": "one"})

    brought(here, exported(there, ada), signer(there))

    (made,) = [e for e in here.many.events(EventKind.PERSON) if e.reason == "brought in"]
    (kept,) = [e for e in here.many.events(EventKind.RECORD) if e.reason == "brought in"]
    assert (made.actor, made.fields, kept.rows_out) == (Actor.OWNER, (MAIL, NAME), 1)
    assert made.subject == kept.subject is not None


def test_keys_that_are_held_for_an_attachment_are_let_go_when_it_cannot_be_kept(
    there: Shelf, here: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = there.many.person()
    there.put(ada, 1, {"text": "one"})
    given = Given("image/png", b"a picture")
    there.attachments.put(there.asking(ada), Of(At(NOTES, rid(1)), 1), given, None)
    data, key = exported(there, ada), signer(there)
    holding = list[Held]()
    read, let_go = Held.read, Held.release

    def reads(self: Held, store: RecordStore) -> None:
        holding.append(self)
        read(self, store)

    def releases(self: Held) -> None:
        holding.remove(self)
        let_go(self)

    def fails(*_: object) -> None:
        raise StoreUnavailableError("the objects do not answer")

    monkeypatch.setattr(Held, "read", reads)  # with which each holding begins
    monkeypatch.setattr(Held, "release", releases)
    monkeypatch.setattr(PersonPacks, "put", fails)
    with pytest.raises(StoreUnavailableError):
        brought(here, data, key)

    assert holding == []
    assert list(scan_all(here.many.store, SUBJECTS)) == []
