"""Documents as a face asks for them: by name, with who wrote what, at a time, and without words."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sealhold.model.errors import (
    CarrierAwayError,
    ConflictError,
    DeniedError,
    InvalidEditError,
    InvalidError,
    NotFoundError,
    TakenError,
)
from sealhold.model.ids import Id16
from sealhold.node.documentnames import DocumentNames
from sealhold.node.documentrounds import Arriving
from sealhold.node.documentsteps import DocumentSteps, Edits
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.docops import Kind, New
from sealhold.sharing.devices.joinpapers import Holds, Way
from sealhold.sharing.devices.keeping import EDITS
from sealhold.sharing.devices.syncing import Reached, Syncing
from tests.unit.document_thief import says
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

WAY = Way(kind="folder", address="shelf")


@dataclass
class Desk:
    """A device with one place that it syncs through."""

    machine: Machine
    shelf: Shelf

    @property
    def devices(self) -> Devices:
        return self.machine.devices

    @property
    def places(self) -> "Desk":
        return self

    @property
    def steps(self) -> DocumentSteps:
        """Documents as a command finds them: nothing is open yet."""
        return DocumentSteps(self)

    def reached(self) -> list[Reached]:
        return [Reached(bytes(16), WAY, lambda _opened, _box: self.shelf)]

    def sync(self) -> list[tuple[str, str, int]]:
        """Do a round; return which edits came: document, device, how many."""
        arriving, syncing = Arriving(self), Syncing(self.devices, self.reached())
        done = syncing.round()
        came = arriving.ended(done, syncing.give_all)
        assert done.troubles == []
        return [(each.document, each.by.name, each.edits) for each in came]

    def text(self, name: str = "plan") -> str:
        return self.steps.show(name).text


@pytest.fixture
def two() -> Iterator[tuple[Desk, Desk]]:
    with machines(2) as (one, other):
        shelf = Shelf()
        yield Desk(one, shelf), Desk(other, shelf)


def begun(one: Desk, other: Desk, text: str) -> None:
    """Have both know a document `plan`."""
    one.steps.create("plan")
    one.steps.edit("plan", Edits(text=text))
    rounds(one, other)


def rounds(*desks: Desk) -> None:
    for each in (*desks, *desks):
        each.sync()


def test_a_document_is_begun_in_a_collection_of_its_own_and_found_by_name_or_id(
    two: tuple[Desk, Desk],
) -> None:
    one, _ = two
    made = one.steps.create("plan")
    assert (made.name, made.collection, made.size, made.by.name) == (
        "plan",
        "documents",
        0,
        "first",
    )
    assert one.devices.collection("documents").about.holds is Holds.DOCUMENTS
    one.steps.create("plan", "work")
    assert [each.collection for each in one.steps.every()] == ["documents", "work"]
    with pytest.raises(InvalidError, match="documents/plan"):
        one.steps.show("plan")
    for called in ("documents/plan", made.id, made.id[:8]):
        assert one.steps.show(called).id == made.id
    with pytest.raises(TakenError):
        one.steps.create("plan")
    with pytest.raises(TakenError):
        one.steps.create("other", "papers")  # holds files
    for unfit in ("", " plan", "a/b", "a\nb", "x" * 256):
        with pytest.raises(InvalidError):
            one.steps.create(unfit)
    for unknown in ("nothing", made.id[:5], "f" * 32):
        with pytest.raises(NotFoundError):
            one.steps.show(unknown)


def test_each_kind_of_edit_does_what_it_says_or_nothing(two: tuple[Desk, Desk]) -> None:
    one, _ = two
    one.steps.create("plan")
    one.steps.edit("plan", Edits(text="one", append=" two", put={"a": 1, "b": [2]}, add=["x", "y"]))
    found = one.steps.show("plan")
    assert (found.text, found.fields, found.items) == ("one two", {"a": 1, "b": [2]}, ("x", "y"))
    one.steps.edit("plan", Edits(drop=["a"], take=[1], add=["z"]))
    found = one.steps.show("plan", authors=True)
    assert (found.fields, found.items) == ({"b": [2]}, ("y", "z"))
    assert [(each.by.name, each.by.role, each.length) for each in found.written] == [
        ("first", "admin", 7)
    ]
    for unfit in (
        Edits(append="half ", take=[3]),
        Edits(append="half ", take=[0]),
        Edits(append="half ", put={"big": 1 << 64}),
        Edits(append="half \ud800"),
    ):
        with pytest.raises(InvalidEditError):
            one.steps.edit("plan", unfit)
        assert one.steps.show("plan").text == "one two"


def test_edits_of_two_devices_meet_and_a_round_tells_whose_came(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "one two three")
    other.steps.edit("plan", Edits(append=" four"))
    other.steps.edit("plan", Edits(append=" five"))
    one.steps.edit("plan", Edits(text="ONE two three"))
    assert other.sync() == []
    assert one.sync() == [("plan", "device 1", 2)]
    assert one.sync() == []
    assert other.sync() == [("plan", "first", 1)]
    assert one.text() == other.text() == "ONE two three four five"


def test_a_text_that_was_made_from_an_older_one_keeps_what_came_since(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    begun(one, other, "milk\nbread\n")
    before = one.steps.show("plan")
    other.steps.edit("plan", Edits(append="salt\n"))
    rounds(other, one)
    then = one.steps.show("plan", before.version).text
    assert then == before.text
    one.steps.edit("plan", Edits(text="oat milk\nbread\n", before=then))
    assert one.text() == "oat milk\nbread\nsalt\n"


def test_history_names_devices_and_roles_and_is_the_same_on_both(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "one")
    other.steps.edit("plan", Edits(append=" two", put={"state": "open"}))
    rounds(other, one)
    one.steps.edit("plan", Edits(text="two"))
    rounds(one, other)
    told = one.steps.history("plan")
    assert told == other.steps.history("plan")
    assert [(e.by.name, e.by.role, e.why, e.inserted, e.deleted, e.values) for e in told] == [
        ("first", "admin", "began", 0, 0, 0),
        ("first", "admin", "", 3, 0, 0),
        ("device 1", "full", "", 4, 0, 1),
        ("first", "admin", "", 0, 4, 0),
    ]
    for at, text in zip(told, ("", "one", "one two", "two"), strict=True):
        assert other.steps.show("plan", at.version).text == text
    assert other.steps.show("plan", told[-1].at).text == "two"
    with pytest.raises(NotFoundError):
        one.steps.show("plan", "01234567-5")
    with pytest.raises(NotFoundError):
        one.steps.show("plan", type(told[0].at)(told[0].at - 1))


def test_an_earlier_version_comes_back_as_an_edit_of_today(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "first text")
    one.steps.edit("plan", Edits(put={"a": 1, "b": {"c": [1]}}, add=[1, 2, 3]))
    then = one.steps.show("plan")
    one.steps.edit(
        "plan", Edits(text="second", put={"a": 2, "d": 4}, drop=["b"], take=[2], add=[9])
    )
    rounds(one, other)
    now = other.steps.show("plan")
    other.steps.restore("plan", then.version)
    rounds(other, one)
    found = one.steps.show("plan")
    assert (found.text, found.fields, found.items) == (then.text, then.fields, then.items)
    assert one.steps.history("plan")[-1].by.name == "device 1"
    assert one.steps.show("plan", now.version).text == "second"


def test_redacted_words_are_in_no_version_and_who_wrote_when_stays(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "the code is 47 keep it")
    one.steps.edit("plan", Edits(text="the code is 4711 keep it", put={"code": ["is 4711"]}))
    one.steps.edit("plan", Edits(text="the code is 41 keep it", add=[4711, "stays"]))
    rounds(one, other)
    before = one.steps.history("plan")
    look = one.steps.redact("plan", "4711", really=False)
    assert look.units == 6
    assert not look.is_done
    assert one.text() == "the code is 41 keep it"
    with pytest.raises(DeniedError):
        other.steps.redact("plan", "4711")
    assert other.text() == "the code is 41 keep it"
    assert one.steps.redact("plan", "4711").is_done
    rounds(one, other)
    for each in (one, other):
        told = each.steps.history("plan")
        assert told[: len(before)] == before
        assert [(e.by.name, e.why) for e in told[-2:]] == [("first", ""), ("first", "words erased")]
        for version in told:
            found = each.steps.show("plan", version.version)
            assert "47" not in found.text
            assert "4711" not in repr((found.fields, found.items))
        assert each.text() == "the code is  keep it"
        assert each.steps.show("plan").items == ("stays",)
    with pytest.raises(NotFoundError):
        one.steps.redact("plan", "4711")
    other.steps.edit("plan", Edits(append=" on"))
    rounds(other, one)
    assert one.text() == "the code is  keep it on"


def test_what_was_deleted_goes_from_the_past_and_names_of_fields_are_told(
    two: tuple[Desk, Desk],
) -> None:
    one, _ = two
    one.steps.create("plan")
    one.steps.edit("plan", Edits(text="keep secret", put={"my secret": "secret"}))
    version = one.steps.show("plan").version
    one.steps.edit("plan", Edits(text="keep"))
    assert one.steps.redact("plan", "").units == len(" secret")
    assert one.steps.show("plan", version).text == "keep" + "\ufffd" * 7
    assert one.steps.show("plan").fields == {"my secret": "secret"}
    assert one.steps.redact("plan", "secret").keys == ("my secret",)
    assert one.steps.show("plan").fields == {}


def test_a_redaction_that_ended_half_way_goes_on_when_it_is_said_again(
    two: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    begun(one, other, "the code is 4711")
    assert says(one.devices.collection("documents"), one.shelf.kept, "4711")
    fits = type(one.devices.keeping).save
    steps = 0
    for steps in range(20):
        left = [steps]

        def fails(*told: object, left: list[int] = left) -> None:
            if not left[0]:
                raise OSError("killed")
            left[0] -= 1
            fits(*told)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(type(one.devices.keeping), "save", fails)
            try:
                one.steps.redact("plan", "4711")
            except OSError:
                one.machine.again()
                assert one.text() in {"the code is 4711", "the code is "}
                continue
            except NotFoundError:
                pass  # the new lineage was begun, and the keys of the old one are gone by now
        break
    assert steps > 2
    rounds(one, other)
    for each in (one, other):
        assert each.text() == "the code is "
        assert all(
            "4711" not in each.steps.show("plan", v.version).text
            for v in each.steps.history("plan")
        )
    assert one.steps.show("plan", one.steps.history("plan")[1].version).text.endswith("\ufffd")


def test_containers_within_a_document_are_struck_and_shown(two: tuple[Desk, Desk]) -> None:
    one, _ = two
    one.steps.create("plan")
    here = DocumentNames(one).find("plan")

    def nest(document: object) -> None:
        inner = document.put("note", New(Kind.TEXT))  # type: ignore[attr-defined]
        document.insert(0, "say secret", inner)  # type: ignore[attr-defined]
        rows = document.put("rows", New(Kind.LIST))  # type: ignore[attr-defined]
        document.add(0, "secret row", rows)  # type: ignore[attr-defined]

    here.work.edit(here.thing, nest)
    assert one.steps.redact("plan", "secret").units == len("secret") + 1
    assert one.steps.show("plan").fields == {"note": "say ", "rows": []}


def test_a_removed_document_stands_again_where_it_was_edited_meanwhile(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    begun(one, other, "text")
    one.steps.remove("plan")
    assert one.steps.every() == []
    other.steps.edit("plan", Edits(append=" edited"))
    rounds(one, other)
    assert one.text() == other.text() == "text edited"
    one.steps.remove("plan")
    rounds(one, other)
    assert other.steps.every() == []


def test_an_erased_document_leaves_no_key_and_no_edit(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "text")
    with pytest.raises(DeniedError):
        other.steps.remove("plan", destroy=True)
    thing = bytes.fromhex(one.steps.remove("plan", destroy=True).id)
    rounds(one, other, one)
    for each in (one, other):
        replica = each.devices.collection("documents").replica
        assert each.steps.every() == []
        assert not [name for name in replica.state.keys if name.object == thing]
        assert not [k for k in replica.keeping.secrets(replica.collection) if k.kind == EDITS]
        assert not replica.state.keys


def test_a_long_document_is_read_from_a_place_after_words_were_erased(
    two: tuple[Desk, Desk],
) -> None:
    one, other = two
    begun(one, other, "secret " + " ".join(f"word {n * 7919}" for n in range(2_000)))
    one.steps.redact("plan", "secret")
    rounds(one, other)
    assert other.text() == one.text()
    other.shelf = Shelf(is_away=True)
    other.machine.again()
    with pytest.raises(CarrierAwayError):
        other.text()
    assert [each.is_here for each in other.steps.every()] == [False]
    other.shelf = one.shelf
    assert other.text() == one.text()


def test_late_edits_of_a_removed_device_are_taken_or_left(two: tuple[Desk, Desk]) -> None:
    one, other = two
    begun(one, other, "text")
    hers = Shelf(dict(one.shelf.kept))
    joining.remove(one.devices, other.devices.me.id)
    one.sync()
    shelf, other.shelf = one.shelf, hers
    for words in (" one", " two"):
        other.steps.edit("plan", Edits(append=words))
    other.sync()
    shelf.kept |= hers.kept
    assert one.sync() == []  # what does not count is not told as an edit
    assert one.text() == "text"
    with pytest.raises(ConflictError):
        one.steps.redact("plan", "text")
    found = one.steps.suggestions("plan")
    assert [(each.text, each.by.name, each.why) for each in found] == [
        (" one", "device 1", "removed"),
        (" two", "device 1", "removed"),
    ]
    with pytest.raises(NotFoundError):
        one.steps.decide("plan", "01234567-0", take=True)
    one.steps.decide("plan", found[0].id, take=True)
    one.steps.decide("plan", found[1].id, take=False)
    assert one.steps.suggestions("plan") == []
    assert one.text() == "text one"
    assert one.steps.history("plan")[-1].by.device == Id16(other.devices.me.id).hex()
