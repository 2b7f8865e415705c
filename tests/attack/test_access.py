"""Tokens in the wrong place: of another role, person or vault, or taken from the rows."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.token import mint
from sealhold.model.errors import DeniedError
from sealhold.model.ids import SubjectId, random_id
from sealhold.model.quantities import HOUR, Instant
from sealhold.stores.spec import Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.tokenrows import PERSON_TOKENS, TABLES
from tests.unit.memory_vault import NOON, memory_vault
from tests.unit.people_vault import Crowd, crowd

SOON = Instant(NOON + HOUR)


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


@pytest.mark.threat("T290")
def test_a_token_counts_for_its_own_kind_of_holder_alone(many: Crowd) -> None:
    ada = many.person()
    principals = many.principals
    held = {
        principals.app: many.tokens[0],
        principals.person: principals.mint_person(many.one, ada, SOON).token,
        principals.officer: principals.mint_officer("Dora", SOON)[1].token,
    }

    for holder, own in held.items():
        holder(own)
        for token in set(held.values()) - {own}:
            with pytest.raises(DeniedError) as told:
                holder(token)
            assert (type(told.value), str(told.value)) == (DeniedError, "denied")


@pytest.mark.threat("T290")
def test_a_token_of_another_vault_or_of_no_row_leads_to_nobody(many: Crowd) -> None:
    with memory_vault() as other:
        foreign = mint(other.core.keyring.named("log"), random_id(other.core.entropy))
    core = many.vault.core
    unknown = mint(core.keyring.named("token"), random_id(core.entropy))
    principals = many.principals

    for token in (foreign, unknown, "", "shv1_", "é", "sho1_" + "0" * 64):
        for holder in (principals.app, principals.person, principals.officer, principals.caller):
            with pytest.raises(DeniedError, match=r"^denied$"):
                holder(token)


@pytest.mark.threat("T290")
def test_nothing_that_is_kept_could_mint_a_token_of_a_person_or_officer(many: Crowd) -> None:
    ada = many.person()
    tokens = [
        many.principals.mint_person(many.one, ada, SOON).token,
        many.principals.mint_officer("Dora", SOON)[1].token,
    ]

    kept = repr([row for table in TABLES for row in scan_all(many.store, table)])

    assert [token for token in tokens if token.rpartition("_")[2] in kept] == []


@pytest.mark.threat("T290")
def test_a_row_that_was_put_in_behind_the_vault_lends_nobody_a_token(many: Crowd) -> None:
    ada = many.person()
    core = many.vault.core
    token_id = random_id(core.entropy)
    token = mint(core.keyring.named("token"), token_id)  # as if the key were out, too

    many.bend(Put(PERSON_TOKENS.name, (token_id, many.one, ada, "link", SOON)))

    with pytest.raises(DeniedError):  # what decides is in memory, and under the set hash at open
        many.principals.person(token)


@pytest.mark.threat("T290")
def test_a_token_of_nobody_is_named_by_the_check(many: Crowd) -> None:
    core = many.vault.core

    row = (random_id(core.entropy), many.one, random_id(core.entropy), "link", SOON)
    many.bend(Put(PERSON_TOKENS.name, row))

    assert len(list(people_faults(core))) == 1


@pytest.mark.threat("T291")
def test_a_persons_token_leads_to_nobody_else(many: Crowd) -> None:
    ada, bob = many.person(), many.person(name="Bob")
    elsewhere = many.person(many.other)
    token = many.principals.mint_person(many.one, ada, SOON).token

    nobody = SubjectId(random_id(many.vault.core.entropy))
    for subject in (bob, elsewhere, nobody, many.vault.core.owner):
        with pytest.raises(DeniedError, match=r"^denied$"):
            many.principals.acting(token, subject)
