"""Tokens that end, and passkeys that come, in the very moment of what was decided on them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.crypto.passkey import Credential
from sealhold.model.errors import DeniedError
from sealhold.model.ids import SubjectId
from sealhold.model.principals import Way
from sealhold.model.processing import Wish
from sealhold.model.quantities import HOUR, Instant
from sealhold.policy.decision import Reason
from sealhold.vault.choosing import Answer, Choosing
from sealhold.vault.limiting import Limiting
from sealhold.vault.mine import Mine
from sealhold.vault.passkeys import Passkeys
from sealhold.vault.processings import Processings
from sealhold.vault.recordasking import Asking
from sealhold.vault.speaking import Speaker
from sealhold.vault.tokenrows import PersonToken
from sealhold.vault.using import Uses
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd
from tests.unit.processing_vault import TERMS
from tests.unit.records_vault import NOTES, Shelf, shelf

SOON = Instant(NOON + HOUR)
KEY = Credential(id=b"credential", public=b"public", signed=0)


@dataclass(frozen=True)
class Held:
    """What was found about a token, before it ended."""

    kept: Shelf
    uses: Uses
    ada: SubjectId
    token: PersonToken
    speaker: Speaker

    @property
    def many(self) -> Crowd:
        return self.kept.many

    def passkey(self, token: PersonToken) -> None:
        core = self.many.vault.core
        Passkeys(core, self.uses, self.many.principals).add(token, KEY, "a phone")


@pytest.fixture
def held() -> Iterator[Held]:
    with shelf() as kept:
        many = kept.many
        ada = many.person()
        made = many.principals.mint_person(many.one, ada, SOON)
        token = many.principals.person(made.token)
        speaker = Speaker(
            app=many.one,
            subject=ada,
            actor=Actor.PERSON,
            way=token.way.value,
            may_choose=token.may_choose,
            guards=token.guards,
        )
        uses = Uses(many.vault.core, many.registry, many.schemas)
        yield Held(kept, uses, ada, token, speaker)


def look(on: Held) -> object:
    return Mine(on.many.vault.core, on.uses, on.many.people).profile(on.token)


def restrict(on: Held) -> object:
    return Limiting(on.many.vault.core, on.uses).restrict(on.speaker, is_set=True)


def choose(on: Held) -> object:
    core, many = on.many.vault.core, on.many
    processings = Processings(core)
    made = processings.register(many.app(many.one), TERMS, Actor.APP)
    processings.activate(made, many.schemas.get(many.one), Actor.OWNER)
    shown = processings.get(made.id).shown
    answer = Answer(wish=Wish.ALLOW, notice=shown)
    return Choosing(core, on.uses).choose(on.speaker, made.id, answer)


def read_records(on: Held) -> object:
    asking = Asking(app=on.many.one, subject=on.ada, actor=Actor.PERSON, guards=on.token.guards)
    return on.kept.records.page(asking, NOTES, None, 10).wait()


def erase(on: Held) -> object:
    return on.many.people.erase(on.many.one, on.ada, Actor.PERSON, on.token.guards)


USES: dict[str, Callable[[Held], object]] = {
    "look": look,
    "restrict": restrict,
    "choose": choose,
    "read records": read_records,
    "erase": erase,
}


@pytest.mark.threat("T315")
@pytest.mark.parametrize("use", USES)
def test_a_token_that_ended_meanwhile_is_denied_at_once_and_not_busy(held: Held, use: str) -> None:
    acting = held.many.principals.acting
    other = held.many.principals.mint_person(held.many.one, held.ada, SOON).token
    held.many.principals.revoke_person(acting(other, held.ada))
    size = len(held.many.lines())

    with pytest.raises(DeniedError, match=r"^denied$"):
        USES[use](held)

    refused = held.many.lines()[0].logged
    assert refused is not None
    told = (refused.event.outcome, refused.event.reason, refused.event.actor)
    assert told == (Outcome.DENIED, Reason.TOKEN_ENDED.value, Actor.PERSON)
    assert len(held.many.lines()) <= size + 3  # choosing registers and activates before
    assert held.many.people.show(held.many.one, held.ada).subject == held.ada


@pytest.mark.threat("T315")
@pytest.mark.parametrize("use", ["restrict", "choose", "erase"])
def test_what_a_link_was_allowed_ends_with_the_commit_of_the_first_passkey(
    held: Held, use: str
) -> None:
    assert (held.token.way, held.token.may_choose) == (Way.LINK, True)
    held.passkey(held.token)

    with pytest.raises(DeniedError, match=r"^denied$"):
        USES[use](held)

    said = {event.outcome for event in held.many.events(EventKind.SAY)}
    assert said <= {Outcome.DENIED}
    assert held.many.people.show(held.many.one, held.ada).subject == held.ada


@pytest.mark.threat("T315")
def test_of_two_first_passkeys_over_two_links_one_is_added(held: Held) -> None:
    other = held.many.principals.mint_person(held.many.one, held.ada, SOON).token
    found = held.many.principals.person(other)
    held.passkey(held.token)

    rows = Passkeys(held.many.vault.core, held.uses, held.many.principals)
    with pytest.raises(DeniedError):
        rows.add(found, replace(KEY, id=b"of whoever made the link"), "theirs")


def test_a_token_that_stands_goes_on(held: Held) -> None:
    for use in ("look", "restrict", "choose", "read records"):
        USES[use](held)
