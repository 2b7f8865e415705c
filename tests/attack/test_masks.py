"""A field that is masked for a purpose, against an app that wants the whole for it."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import DeniedError
from sealhold.model.people import Mask
from sealhold.model.processing import Wish
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.mine import Mine
from sealhold.vault.verdicts import Question
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


def test_the_person_has_the_whole_on_their_page_and_in_their_export(on: Stage) -> None:
    ada, core = on.many.person(), on.many.vault.core
    made = on.many.principals.mint_person(on.app, ada, Instant(NOON + DAY))
    mine = Mine(core, on.uses, on.many.people).profile(on.many.principals.person(made.token))

    wanted = Wanted(app=on.app, subject=ada, actor=Actor.PERSON)
    packed = zipfile.ZipFile(BytesIO(b"".join(Exports(core, on.uses).begin(wanted))))

    assert WHOLE in {each.value for each in mine.fields}
    assert WHOLE in packed.read("profile.json").decode()
