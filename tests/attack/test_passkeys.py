"""Passkeys shown by others: forged, copied, replayed, of another site, unverified, past a link."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.compute.passkeydoor import Passkeys
from sealhold.compute.rightsdoor import Rights
from sealhold.model.errors import DeniedError, ExhaustedError
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.personrecords import RecordPlace
from sealhold.model.principals import Way
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.node.recordparts import record_doors
from sealhold.stores.spec import Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.mine import Mine
from sealhold.vault.passkeyrows import PASSKEYS, SLOTS
from sealhold.vault.passkeys import Passkeys as PasskeyRows
from sealhold.vault.using import Uses
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd
from tests.unit.records_vault import NOTES, rid, rule
from tests.unit.rights_stories import BERLIN
from tests.unit.soft_passkey import PRESENT, VERIFIED, SoftPasskey

ORIGIN, RP = "https://vault.example", "vault.example"


@dataclass(frozen=True)
class Held:
    """A vault with a person, their link's token, and the doors that they use."""

    many: Crowd
    passkeys: Passkeys
    mine: Mine
    ada: SubjectId
    link: str

    def added(self, key: SoftPasskey, token: str = "") -> None:
        asked = self.passkeys.to_make(token or self.link, ORIGIN, "One")
        self.passkeys.add(token or self.link, ORIGIN, key.made(asked), "a phone")

    def signed_in(self, key: SoftPasskey) -> str:
        answer = key.shown(self.passkeys.to_show(ORIGIN))
        return self.passkeys.sign_in(ORIGIN, answer).token

    def token(self, subject: SubjectId) -> str:
        return self.many.principals.mint_person(self.many.one, subject, Instant(NOON + HOUR)).token


@pytest.fixture
def held() -> Iterator[Held]:
    with crowd() as many:
        core = many.vault.core
        uses = Uses(core, many.registry, many.schemas)
        rows = PasskeyRows(core, uses, many.principals)
        door = Passkeys(many.principals, rows, core.clock, core.entropy)
        ada = many.person()
        link = many.principals.mint_person(many.one, ada, Instant(NOON + HOUR)).token
        yield Held(many, door, Mine(core, uses, many.people), ada, link)


@pytest.fixture
def key() -> SoftPasskey:
    return SoftPasskey(ORIGIN, RP)


def test_a_passkey_signs_its_person_in_and_lets_them_choose(held: Held, key: SoftPasskey) -> None:
    held.added(key)

    person = held.many.principals.person(held.signed_in(key))

    assert (person.subject, person.way, person.may_choose) == (held.ada, Way.PASSKEY, True)
    assert [(each.name, each.used_at) for each in held.passkeys.all(held.link)] == [
        ("a phone", NOON)
    ]


@pytest.mark.threat("T298")
def test_once_there_is_a_passkey_a_link_looks_and_changes_nothing(
    held: Held, key: SoftPasskey
) -> None:
    held.added(key)

    assert not held.many.principals.person(held.link).may_choose
    held.mine.profile(held.many.principals.person(held.link))
    for change in (
        lambda: held.passkeys.to_make(held.link, ORIGIN, "One"),
        lambda: held.passkeys.remove(held.link, 0),
        lambda: held.mine.erase(held.many.principals.person(held.link)),
    ):
        with pytest.raises(DeniedError):
            change()
    fresh = held.token(held.ada)
    with pytest.raises(DeniedError):
        held.passkeys.remove(fresh, 0)
    assert held.many.people.show(held.many.one, held.ada).subject == held.ada


@pytest.mark.threat("T298")
def test_once_there_is_a_passkey_a_link_erases_nobody_by_any_way(
    held: Held, key: SoftPasskey
) -> None:
    many, core = held.many, held.many.vault.core
    uses = Uses(core, many.registry, many.schemas)
    rights = Rights(
        core, many.registry, many.principals, uses, many.people, BERLIN, lambda _: False
    )
    held.added(key)

    with pytest.raises(DeniedError):
        rights.erase(held.link, canonical(held.ada), "")
    assert many.people.show(many.one, held.ada).subject == held.ada

    rights.erase(held.signed_in(key), canonical(held.ada), "")
    with pytest.raises(DeniedError):
        many.people.show(many.one, held.ada)


@pytest.mark.threat("T298")
def test_once_there_is_a_passkey_a_link_adds_no_record_and_takes_none(
    held: Held, key: SoftPasskey
) -> None:
    many, core = held.many, held.many.vault.core
    uses, person = Uses(core, many.registry, many.schemas), canonical(held.ada)
    doors = record_doors(core, uses, many.principals, many.registry, lambda _: True)
    doors.records.lay_down(canonical(many.one), NOTES, rule(), "")
    first, second = (canonical(rid(number)) for number in (1, 2))
    doors.records.put(held.link, person, NOTES, first, {"text": "mine"}, None, "").wait()
    held.added(key)
    place = RecordPlace(subject=person, collection=NOTES, record=first, purpose="")

    for change in (
        lambda: doors.records.put(held.link, person, NOTES, second, {}, None, "").wait(),
        lambda: doors.records.patch(held.link, person, NOTES, first, {"text": "x"}, 1, "").wait(),
        lambda: doors.records.delete(held.link, person, NOTES, first, 1, "").wait(),
        lambda: doors.records.attach(held.link, place, 1, "text/plain", b"x", None),
    ):
        with pytest.raises(DeniedError):
            change()

    assert doors.records.get(held.link, person, NOTES, first, "").wait().content["text"] == "mine"
    doors.records.delete(held.signed_in(key), person, NOTES, first, 1, "").wait()


@pytest.mark.threat("T298")
def test_a_challenge_that_was_given_before_adds_no_second_passkey_by_the_link(
    held: Held, key: SoftPasskey
) -> None:
    early = held.passkeys.to_make(held.link, ORIGIN, "One")
    held.added(key)
    mallory = SoftPasskey(ORIGIN, RP, id=b"of somebody at the app")

    with pytest.raises(DeniedError):
        held.passkeys.add(held.link, ORIGIN, mallory.made(early), "mine")


BENT: dict[str, Callable[[SoftPasskey], SoftPasskey]] = {
    "another site's page": lambda key: replace(key, origin="https://evil.example"),
    "another port": lambda key: replace(key, origin=ORIGIN + ":8443"),
    "plain": lambda key: replace(key, origin="http://vault.example"),
    "another site's key": lambda key: replace(key, rp="evil.example"),
    "nobody verified": lambda key: replace(key, flags=PRESENT),
    "nobody there": lambda key: replace(key, flags=VERIFIED),
}


@pytest.mark.threat("T298")
@pytest.mark.parametrize("bend", BENT)
def test_an_answer_for_another_site_or_by_nobody_is_refused(
    held: Held, key: SoftPasskey, bend: str
) -> None:
    bent = BENT[bend](key)

    with pytest.raises(DeniedError):
        held.added(bent)
    held.added(key)
    with pytest.raises(DeniedError):
        held.signed_in(bent)


@pytest.mark.threat("T298")
def test_a_passkey_is_shown_by_its_own_key_alone(held: Held, key: SoftPasskey) -> None:
    held.added(key)

    with pytest.raises(DeniedError):
        held.signed_in(SoftPasskey(ORIGIN, RP))  # the id is told to every page, the key is not
    with pytest.raises(DeniedError):
        held.signed_in(replace(key, id=b"an id that nobody has"))


@pytest.mark.threat("T298")
def test_an_answer_is_taken_once(held: Held, key: SoftPasskey) -> None:
    held.added(key)
    answer = key.shown(held.passkeys.to_show(ORIGIN))
    held.passkeys.sign_in(ORIGIN, answer)

    with pytest.raises(DeniedError):
        held.passkeys.sign_in(ORIGIN, answer)


@pytest.mark.threat("T298")
def test_a_challenge_is_over_after_five_minutes_and_good_for_one_thing(
    held: Held, key: SoftPasskey
) -> None:
    held.added(key)
    late = key.shown(held.passkeys.to_show(ORIGIN))
    to_make = held.passkeys.to_make(held.signed_in(key), ORIGIN, "One")
    held.many.time.now = Instant(NOON + 5 * MINUTE)

    for answer in (late, key.shown({"challenge": "AAAA"}), key.shown(to_make)):
        with pytest.raises(DeniedError):
            held.passkeys.sign_in(ORIGIN, answer)


@pytest.mark.threat("T298")
def test_a_copied_key_whose_count_does_not_go_up_is_refused(held: Held, key: SoftPasskey) -> None:
    key.signed = 5
    held.added(key)
    copy = replace(key)
    held.signed_in(key)

    with pytest.raises(DeniedError):
        held.signed_in(copy)
    held.signed_in(key)


@pytest.mark.threat("T298")
def test_a_count_that_was_put_back_in_the_rows_does_not_count(held: Held, key: SoftPasskey) -> None:
    held.added(key)
    copy = replace(key)
    before = next(scan_all(held.many.store, PASSKEYS))
    held.signed_in(key)

    held.many.bend(Put(PASSKEYS.name, before.row))

    with pytest.raises(DeniedError):
        held.signed_in(copy)


@pytest.mark.threat("T298")
def test_one_persons_challenge_makes_no_passkey_for_another(held: Held, key: SoftPasskey) -> None:
    bob = held.token(held.many.person(name="Bob"))
    asked = held.passkeys.to_make(bob, ORIGIN, "One")

    with pytest.raises(DeniedError):
        held.passkeys.add(held.link, ORIGIN, key.made(asked), "mine")


def test_with_the_person_their_passkeys_go(held: Held, key: SoftPasskey) -> None:
    held.added(key)

    held.mine.erase(held.many.principals.person(held.signed_in(key)))

    assert list(scan_all(held.many.store, PASSKEYS)) == []
    with pytest.raises(DeniedError):
        held.signed_in(key)


def test_the_last_passkey_taken_out_gives_the_link_its_say_back(
    held: Held, key: SoftPasskey
) -> None:
    held.added(key)

    held.passkeys.remove(held.signed_in(key), 0)

    assert held.many.principals.person(held.link).may_choose
    with pytest.raises(DeniedError):
        held.signed_in(key)


def test_a_person_has_ten_passkeys_at_most_and_none_twice(held: Held, key: SoftPasskey) -> None:
    held.added(key)
    token = held.signed_in(key)
    with pytest.raises(DeniedError):
        held.added(key, token)
    for nth in SLOTS[1:]:
        held.added(SoftPasskey(ORIGIN, RP, id=b"key %d" % nth), token)

    with pytest.raises(ExhaustedError):
        held.added(SoftPasskey(ORIGIN, RP, id=b"one more"), token)


def test_nothing_of_a_passkey_is_readable_in_its_row(held: Held, key: SoftPasskey) -> None:
    held.added(key)

    kept = repr(list(scan_all(held.many.store, PASSKEYS)))

    assert repr(key.id)[2:-1] not in kept
    assert "a phone" not in kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
PARTS = ("id", "rawId", "type", "response")
INNER = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")


@given(part=st.sampled_from(PARTS + INNER), value=JSON, text=st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_an_answer_holds_it_is_taken_or_refused_and_nothing_else(
    held: Held, part: str, value: object, text: str
) -> None:
    many = held.many
    token = held.token(many.people.make(many.one).subject)
    key = SoftPasskey(ORIGIN, RP, id=many.vault.core.entropy(16))

    def bent(answer: str) -> tuple[str, str, str]:
        whole = json.loads(answer)
        (whole if part in PARTS else whole["response"])[part] = value
        return json.dumps(whole), text, json.dumps(value)

    for said in bent(key.made(held.passkeys.to_make(token, ORIGIN, "One"))):
        with suppress(DeniedError):
            held.passkeys.add(token, ORIGIN, said, "bent")
    with suppress(DeniedError):
        held.added(key, token)
    for said in bent(key.shown(held.passkeys.to_show(ORIGIN))):
        with suppress(DeniedError):
            held.passkeys.sign_in(ORIGIN, said)
    assert len(held.passkeys.all(token)) == 1
