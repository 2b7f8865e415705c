"""A field that is masked for a purpose, against an app that wants the whole for it."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import ConflictError, DeniedError
from sealhold.model.ids import Purpose
from sealhold.model.people import FieldRule, Mask
from sealhold.model.processing import ChoiceState, ProcessingState, Wish
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.mine import Mine
from sealhold.vault.verdicts import Question
from sealhold.vault.writer import Work
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MAIL, MARKETING, NAME, RULES, SERVICE
from tests.unit.processing_vault import TERMS, Stage, stage

WHOLE, LEFT = "ada@example.org", "***@example.org"
RULE = replace(
    RULES[MAIL],
    purposes=frozenset({SERVICE, MARKETING}),
    mask=Mask.DOMAIN,
    whole_for=frozenset({SERVICE}),
)


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        found.many.schemas.lay_down(found.many.app(found.app), {**RULES, MAIL: RULE})
        yield found


@pytest.mark.threat("T322")
@pytest.mark.parametrize("purpose", [MARKETING, "DirectMarketing", "Advertising"])
@pytest.mark.parametrize("fields", [None, {MAIL}, {MAIL, NAME}], ids=["all", "one", "two"])
def test_a_profile_is_read_masked_and_the_log_says_so(
    on: Stage, purpose: str, fields: set[str] | None
) -> None:
    ada, people = on.many.person(), on.many.people
    wanted = frozenset(fields) if fields else None

    got = people.get(on.app, ada, purpose, wanted)  # type: ignore[arg-type]  # reason: names

    assert got.fields[MAIL] == LEFT
    assert WHOLE not in str(got)
    assert on.many.events(EventKind.PROFILE)[0].reason == "read masked"
    assert people.get(on.app, ada, SERVICE).fields[MAIL] == WHOLE
    assert on.many.events(EventKind.PROFILE)[0].reason == "read"


@pytest.mark.threat("T322")
def test_a_value_cannot_be_tried_by_finding_for_a_purpose_that_gets_it_masked(on: Stage) -> None:
    ada = on.many.person()

    for value in (WHOLE, "bob@example.org"):
        with pytest.raises(DeniedError):
            on.many.people.find(on.app, MARKETING, MAIL, value)

    assert on.many.events(EventKind.PROFILE)[0].reason == "out_of_scope"
    assert on.many.people.find(on.app, SERVICE, MAIL, WHOLE) == (ada,)


@pytest.mark.threat("T322")
def test_a_change_gives_back_what_was_written_and_nothing_of_what_was_there(on: Stage) -> None:
    ada, people = on.many.person(), on.many.people

    changed = people.patch(on.app, ada, MARKETING, {NAME: "Eve"}, 1)
    over = people.patch(on.app, ada, MARKETING, {MAIL: "eve@example.net"}, 2)

    assert changed.fields == {NAME: "Eve"}
    assert over.fields == {MAIL: "eve@example.net"}
    assert people.get(on.app, ada, MARKETING).fields[MAIL] == "***@example.net"


@pytest.mark.threat("T322")
def test_a_run_of_a_processing_reads_masked(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing(replace(TERMS, fields=frozenset({NAME, MAIL})))
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found).lease

    for purpose, fields in (("", None), (MARKETING, frozenset({MAIL})), ("DirectMarketing", None)):
        got = on.runs.get(on.app, lease, ada, purpose, fields).fields
        assert got[MAIL] == LEFT

    assert on.many.events(EventKind.PROFILE)[0].reason == "read masked"
    with pytest.raises(DeniedError):
        on.runs.get(on.app, lease, ada, SERVICE, frozenset({MAIL}))
    question = Question(processing=found.id, code="", purpose="", fields=frozenset({NAME, MAIL}))
    assert on.verdicts.verdict(on.who(ada, Actor.APP), question).masks == {MAIL: Mask.DOMAIN}


@pytest.mark.threat("T322")
def test_a_mask_that_is_laid_down_binds_the_very_next_read(on: Stage) -> None:
    ada, app = on.many.person(), on.many.app(on.app)
    rules = {**RULES, MAIL: replace(RULE, whole_for=frozenset())}

    before = on.many.people.get(on.app, ada, SERVICE).fields[MAIL]
    on.many.schemas.lay_down(app, rules)

    assert (before, on.many.people.get(on.app, ada, SERVICE).fields[MAIL]) == (WHOLE, LEFT)
    with pytest.raises(DeniedError):
        on.many.people.find(on.app, SERVICE, MAIL, WHOLE)


DIRECT, SELL = Purpose("DirectMarketing"), Purpose("SellProducts")
WITH_MAIL = replace(TERMS, fields=frozenset({NAME, MAIL}))


def lay(on: Stage, mail: FieldRule) -> None:
    on.many.schemas.lay_down(on.many.app(on.app), {**RULES, MAIL: mail})


@pytest.mark.threat("T360")
@pytest.mark.parametrize(
    "looser",
    [
        replace(RULE, mask=Mask.NONE, whole_for=frozenset()),
        replace(RULE, whole_for=frozenset({SERVICE, MARKETING})),
        replace(RULE, whole_for=frozenset({SERVICE, DIRECT})),
        replace(RULE, mask=Mask.TAIL),
    ],
    ids=["no mask", "whole for it", "whole for a part of it", "another mask"],
)
def test_a_yes_to_what_was_masked_is_none_to_more(on: Stage, looser: FieldRule) -> None:
    ada, found = on.many.person(), on.processing(WITH_MAIL)
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found).lease
    assert on.read(lease, ada)[MAIL] == LEFT

    lay(on, looser)

    with pytest.raises(DeniedError):
        on.read(lease, ada)
    now = on.processings.get(found.id)
    assert (now.state, now.edition, now.terms) == (ProcessingState.WAITING, 2, found.terms)
    assert on.many.events(EventKind.PROCESSING)[0].reason == "changed_materially"
    assert on.choice(ada, on.activate(now)).state is ChoiceState.PENDING
    with pytest.raises(DeniedError):
        on.read(on.run(found).lease, ada)
    on.say(ada, found, Wish.ALLOW)
    assert MAIL in on.read(on.run(found).lease, ada)


@pytest.mark.parametrize(
    "tighter",
    [
        replace(RULE, mask=Mask.HIDDEN),
        replace(RULE, whole_for=frozenset()),
        replace(RULE, whole_for=frozenset({SERVICE, SELL})),
        replace(RULE, retention_days=7),
    ],
    ids=["leaves nothing", "whole for nobody", "whole for another", "another term"],
)
def test_a_yes_stands_where_no_more_is_read_than_before(on: Stage, tighter: FieldRule) -> None:
    ada, found = on.many.person(), on.processing(WITH_MAIL)
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found).lease

    lay(on, tighter)

    assert on.read(lease, ada)[MAIL] != WHOLE
    assert on.processings.get(found.id).edition == 1


def test_what_does_not_read_the_field_or_has_ended_asks_nobody(on: Stage) -> None:
    other, ended = on.processing(), on.processing(WITH_MAIL)
    on.processings.retire(ended, Actor.OWNER)

    lay(on, replace(RULE, mask=Mask.NONE, whole_for=frozenset()))

    assert on.processings.get(other.id).state is ProcessingState.ACTIVE
    assert on.processings.get(ended.id).state is ProcessingState.RETIRED


@pytest.mark.threat("T360")
def test_a_processing_that_comes_to_the_field_in_that_moment_fails_the_laying(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, writer = on.processing(), on.many.vault.core.writer
    commit = writer.commit

    def late(work: Work) -> object:
        monkeypatch.undo()
        on.change(found, lambda terms: replace(terms, fields=frozenset({NAME, MAIL})))
        return commit(work)

    monkeypatch.setattr(writer, "commit", late)

    with pytest.raises(ConflictError):
        lay(on, replace(RULE, mask=Mask.NONE, whole_for=frozenset()))

    schema = on.many.schemas.get(on.app)
    assert schema is not None
    assert schema.rules[MAIL] == RULE


def test_the_person_has_the_whole_on_their_page_and_in_their_export(on: Stage) -> None:
    ada, core = on.many.person(), on.many.vault.core
    made = on.many.principals.mint_person(on.app, ada, Instant(NOON + DAY))
    mine = Mine(core, on.uses, on.many.people).profile(on.many.principals.person(made.token))

    wanted = Wanted(app=on.app, subject=ada, actor=Actor.PERSON)
    packed = zipfile.ZipFile(BytesIO(b"".join(Exports(core, on.uses).begin(wanted))))

    assert WHOLE in {each.value for each in mine.fields}
    assert WHOLE in packed.read("profile.json").decode()
