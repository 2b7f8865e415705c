"""What a person reads of the uses of their data, what asking beforehand tells, and what is left."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.audit.reading import Leaf, Line, open_leaf
from sealhold.audit.tables import Openers
from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.processing import ChoiceState, Wish
from sealhold.vault.bringing import Bringing
from sealhold.vault.choosing import Answer
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.speaking import Speaker
from sealhold.vault.verdicts import Question
from tests.unit.people_vault import MARKETING, NAME, SERVICE
from tests.unit.processing_vault import CODE, Stage, stage


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


@pytest.mark.promise("P7")
def test_a_person_reads_who_did_what_when_with_their_data(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    run = on.run(found)
    with pytest.raises(DeniedError):
        on.read(run.lease, ada)
    on.say(ada, found, Wish.ALLOW)
    on.read(run.lease, ada)
    on.say(bob, found, Wish.ALLOW)

    page = on.uses_of.person(on.who(ada), "", 100)
    told = [(each.app, each.actor, each.what, each.outcome) for each in page.uses]

    assert told == [
        ("One", "app", "profile: read", "done"),
        ("One", "person", "say: ConsentGiven", "done"),
        ("One", "app", "profile: no consent", "denied"),
        ("One", "app", "profile: changed", "done"),
        ("One", "app", "person: made", "done"),
    ]
    assert (page.uses[0].run, page.uses[0].processing) == (run.run, "Newsletter")
    assert page.uses[0].fields == (NAME,)


@pytest.mark.promise("P7")
def test_uses_are_told_page_by_page_and_whoever_reads_them_is_told_too(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    every = on.uses_of.person(on.who(ada, Actor.OFFICER), "", 100).uses

    first = on.uses_of.person(on.who(ada), "", 2)
    rest = on.uses_of.person(on.who(ada), first.before, 100)

    assert [each.actor for each in first.uses] == ["officer", "app"]
    assert first.uses[1:] + rest.uses == every
    assert rest.before == ""
    for cursor in (first.before, "x", "AAAA"):
        with pytest.raises(InvalidError):
            on.uses_of.person(on.who(bob), cursor, 2)


@pytest.mark.promise("P7")
def test_a_run_tells_what_it_did_and_a_person_their_part_of_it(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    run = on.run(found)
    for subject in (ada, bob):
        on.say(subject, found, Wish.ALLOW)
        on.read(run.lease, subject)
    on.releasing.release(on.app, run.lease, b"42")

    whole = [each.what for each in on.uses_of.run(run.run, None, 50)]
    mine = on.uses_of.run(run.run, on.many.vault.core.keyring.subject(ada), 50)

    assert whole == [
        "processing: released", "profile: read", "profile: read", "processing: begun",
    ]  # fmt: skip
    assert [each.what for each in mine] == ["profile: read"]


def test_a_verdict_says_why_to_the_person_and_nothing_to_the_app(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    question = Question(processing=found.id, code=CODE, purpose="", fields=frozenset({NAME}))

    told = on.verdicts.verdict(on.who(ada), question)
    with pytest.raises(DeniedError) as refused:
        on.verdicts.verdict(on.who(ada, Actor.APP), question)
    on.say(ada, found, Wish.ALLOW)
    permitted = on.verdicts.verdict(on.who(ada, Actor.APP), question)

    assert (told.permit, told.code) == (False, "no_consent")
    assert str(refused.value) == "denied"
    assert (permitted.permit, permitted.code, permitted.sentence) == (True, "", "")
    logged = on.many.events(EventKind.DECISION)
    assert logged[0].decision == permitted.decision
    assert on.many.events(EventKind.PROFILE)[0].reason == "changed"


def test_what_people_choose_about_is_not_read_past_their_choice(on: Stage) -> None:
    ada = on.many.person()
    assert on.many.people.get(on.app, ada, MARKETING).fields == {NAME: "Ada"}
    many = replace(on.many, people=type(on.many.people)(on.many.vault.core, on.uses))
    on.processing()

    with pytest.raises(DeniedError):
        many.people.get(on.app, ada, MARKETING)
    assert on.many.events(EventKind.PROFILE)[0].reason == "needs_run"
    assert many.people.get(on.app, ada, SERVICE).fields[NAME] == "Ada"


def test_whoever_is_not_the_person_does_not_choose_for_them(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    answer = Answer(wish=Wish.ALLOW, notice=found.shown)

    for actor in (Actor.APP, Actor.OFFICER, Actor.OWNER):
        with pytest.raises(DeniedError):
            on.choosing.choose(on.who(ada, actor), found.id, answer)
    stranger = Speaker(app=on.many.other, subject=ada, actor=Actor.PERSON)
    with pytest.raises(DeniedError):
        on.choosing.choose(stranger, found.id, answer)
    assert on.choice(ada, found).state is ChoiceState.PENDING


def test_nothing_that_a_person_said_outlives_them(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)
    on.limiting.restrict(on.who(ada), is_set=True)
    run = on.run(found)

    on.many.people.erase(on.app, ada)

    core = on.many.vault.core
    for table in ("say", "choice", "said", "runperson"):
        assert not core.store.scan(table, "key", (), ()).rows
    assert core.deciding.get("choice", ada, found.id) is None
    assert run.run


@pytest.mark.parametrize("way", ["made", "brought in"])
def test_a_person_is_told_of_no_entry_from_before_they_came_and_none_of_others_is_opened(
    on: Stage, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    many, core = on.many, on.many.vault.core
    ada = many.person()
    wanted = Wanted(app=many.one, subject=ada, actor=Actor.PERSON)
    data = b"".join(Exports(core, on.uses).begin(wanted))
    for _ in range(20):
        many.commit()  # what others did
    since = many.vault.appender.head.size
    if way == "made":
        came = many.people.make(many.one).subject
    else:
        signer = core.keyring.signer("proof-sign").public
        came = Bringing(core, on.uses, many.people).bring(many.one, data, signer).subject
    seen: list[int] = []

    def looks(leaf: Leaf, openers: Openers) -> Line:
        seen.append(leaf.seq)
        return open_leaf(leaf, openers)

    monkeypatch.setattr("sealhold.vault.usesof.open_leaf", looks)

    page = on.uses_of.person(on.who(came), "", 100)

    assert [each.what for each in page.uses][-1] == f"person: {way}"
    assert min(seen) >= since
    assert len(seen) == len(page.uses)
