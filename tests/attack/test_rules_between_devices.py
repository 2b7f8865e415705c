"""Rules that one device writes for all: what a device in other hands could make of that.

- Every device here has a vault of its own; the other side writes notes as it likes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.ids import AppId, Collection, Id16
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.standing import Effect, Rule, to_document
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recordsync import NAME
from sealhold.sharing.devices.rulesync import RULE, RuleSync
from sealhold.vault.standingrules import StandingRules
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work
from tests.unit.owned_devices import Machine, machine, pair
from tests.unit.replicas import Shelf

KEY = b"\x07" * 32


class Ruler:
    """A device whose rules go to the others."""

    def __init__(self, own: Machine) -> None:
        self.own = own
        self.shelf = Shelf()
        self.troubles: list[str] = []

    @property
    def rules(self) -> StandingRules:
        core = self.own.vault.core
        return StandingRules(core.deciding, core.papers, core.keyring.signer("grant-sign"))

    def held(self) -> set[bytes]:
        return {bytes(row.rule.id) for row in self.rules.all()}

    def write(self, rule: Rule) -> None:
        _, kept = self.rules.add(rule)
        self._commit(Work((kept,), ()))

    def take_back(self, rule: Rule) -> None:
        (row,) = (each for each in self.rules.all() if each.rule.id == rule.id)
        self._commit(Work((self.rules.remove(row),), ()))

    def say(self, key: bytes, told: Plain) -> None:
        """Say something about a rule, whatever this device may."""
        draft = Draft(self.own.devices.collection(NAME).replica)
        draft.note(RULE, key, told)
        draft.commit()

    def sync(self, shelf: Shelf) -> None:
        """Do a round, as the program does."""
        self.own.sync(shelf)
        opened = self.own.devices.collection(NAME)
        found = RuleSync(self.own.devices, opened, self.own.vault.core)
        if found.settle():
            self.own.sync(shelf)
        self.troubles = found.troubles

    def _commit(self, work: Work) -> None:
        core = self.own.vault.core
        teller = Teller(core.keys)
        event = Event(kind=EventKind.POLICY, actor=Actor.OWNER, subject=teller.subject)
        core.writer.commit(Work(work.ops, (teller.entry(event),)))


@contextmanager
def rulers(*roles: Role) -> Iterator[list[Ruler]]:
    with ExitStack() as stack:
        found = [
            Ruler(stack.enter_context(machine(b"ruler %d" % at))) for at in range(len(roles) + 1)
        ]
        first = found[0].own
        first.devices.begin("first", None)
        first.devices.create(Holds.RECORDS, NAME)
        for at, (other, role) in enumerate(zip(found[1:], roles, strict=True), 1):
            only = frozenset([first.devices.collection(NAME).about.id])
            named = only if role is Role.LIMITED else None
            pair(first, other.own, f"device {at}", role, named)
        yield found


def meet(*every: Ruler, rounds: int = 3) -> None:
    shelf = every[0].shelf
    for _ in range(rounds):
        for each in every:
            each.sync(shelf)


def rule(number: int, effect: Effect = Effect.DENY, **more: object) -> Rule:
    said: dict[str, object] = {"datasets": frozenset({Collection("places")})}
    return Rule(
        id=Id16(bytes.fromhex("00000000000040008000") + number.to_bytes(6, "big")),
        effect=effect,
        written=Instant(1_700_000_000_000),
        **(said | more),  # type: ignore[arg-type]  # reason: fields of a rule
    )


NO = rule(1)
YES = rule(2, Effect.ALLOW, processors=frozenset({KEY}), bits=MicroBits(1_000_000))
SHOWN = rule(3, Effect.SHOW, processors=frozenset({KEY}))
OF_AN_APP = rule(
    4, apps=frozenset({AppId(Id16(bytes.fromhex("05050505050545058505050505050505")))})
)


def test_a_no_comes_to_every_device_once_and_goes_from_all() -> None:
    with rulers(Role.FULL, Role.FULL) as (first, second, third):
        first.write(NO)
        meet(first, second, third)
        assert first.held() == second.held() == third.held() == {NO.id}
        first.take_back(NO)
        meet(first, second, third)
        assert first.held() == second.held() == third.held() == set()


@pytest.mark.threat("T592")
@pytest.mark.parametrize("widening", [YES, SHOWN, OF_AN_APP], ids=["allow", "show", "of an app"])
def test_no_device_lets_anybody_in_on_another(widening: Rule) -> None:
    with rulers(Role.FULL) as (first, second):
        second.write(widening)
        meet(first, second)
        assert first.held() == set()
        second.say(widening.id, to_document(widening))
        meet(first, second)
        assert first.held() == set()
        assert first.troubles == ["a rule of another device is not one that it may give"]


@pytest.mark.threat("T592")
@pytest.mark.parametrize(
    "told",
    [
        {**to_document(NO), "effect": "allow"},
        {**to_document(NO), "more": 1},
        {**to_document(NO), "id": "00000000-0000-4000-8000-000000000000"},
        [1, 2],
        "deny",
        b"",
    ],
)
def test_what_is_no_rule_is_kept_by_nobody(told: Plain) -> None:
    with rulers(Role.FULL) as (first, second):
        meet(first, second)
        second.say(NO.id, told)
        meet(first, second)
        assert first.held() == second.held() == set()
        assert len(first.troubles) == 1


@pytest.mark.threat("T592")
def test_a_limited_device_says_no_for_itself_alone() -> None:
    with rulers(Role.LIMITED) as (first, limited):
        limited.write(NO)
        meet(first, limited)
        assert (first.held(), limited.held()) == (set(), {NO.id})


@pytest.mark.threat("T592")
@pytest.mark.parametrize("role", [Role.FULL, Role.LIMITED])
def test_a_device_that_is_no_admin_ends_no_rule_of_another(role: Role) -> None:
    with rulers(Role.FULL, role) as (first, second, thief):
        first.write(NO)
        second.write(rule(9))
        meet(first, second, thief)
        thief.say(NO.id, None)
        thief.say(rule(9).id, None)
        meet(thief, first, second)
        assert first.held() == second.held() == {NO.id, rule(9).id}
        thief.take_back(NO)
        meet(thief, first, second)
        assert first.held() == {NO.id, rule(9).id}
        assert NO.id not in thief.held()


def test_a_rule_taken_back_while_apart_does_not_come_again() -> None:
    with rulers(Role.FULL) as (first, second):
        first.write(NO)
        meet(first, second)
        first.take_back(NO)
        first.own.again()  # and the process ends before it could say so
        second.own.again()
        meet(second, first)
        assert first.held() == second.held() == set()
