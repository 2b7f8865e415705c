"""What a process remembers of uses and tokens: past what is only counted, and no further."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.token import Caveat, CaveatKind, attenuate, parse
from sealhold.model.people import Mask
from sealhold.model.principals import Asked, Presented
from sealhold.model.processing import Wish
from sealhold.stores.spec import Guard
from sealhold.vault.collectionrules import Collections
from sealhold.vault.opening import COUNTERS
from sealhold.vault.recordasking import Asking, RecordUse, RecordUses
from tests.unit.people_vault import MAIL, NAME, RULES, SERVICE
from tests.unit.processing_vault import Stage, staged
from tests.unit.records_vault import NOTES, shelf


class Memo:
    """A use of a person's notes that was permitted, and a token of an app that held."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.ada, self.eve = on.many.person(), on.many.person(name="Eve")
        self.found = on.processing()
        on.say(self.eve, self.found, Wish.ALLOW)
        self.lease = on.run(self.found).lease
        self._uses = RecordUses(on.uses, Collections(on.many.vault.core))

    def use(self) -> RecordUse:
        asking = Asking(app=self.on.app, subject=self.ada, purpose=SERVICE)
        return self._uses.of(asking, NOTES, reads=True)

    def holder(self) -> object:
        return self.on.many.principals.caller(self.on.many.tokens[0])


@pytest.fixture
def memo() -> Iterator[Memo]:
    with shelf() as found:
        yield Memo(staged(found.many))


def look(memo: Memo) -> None:
    memo.on.many.people.find(memo.on.app, SERVICE, MAIL, "nobody@example.org")


def read_in_a_run(memo: Memo) -> None:
    memo.on.read(memo.lease, memo.eve)


def use_a_counted_token(memo: Memo) -> None:
    many = memo.on.many
    token = attenuate(many.tokens[0], Caveat(CaveatKind.USES, "3"))
    many.principals.count(many.principals.caller(Presented(token, Asked())))


@pytest.mark.parametrize("counted", [look, read_in_a_run, use_a_counted_token])
def test_what_is_only_counted_makes_nothing_be_looked_up_anew(
    memo: Memo, counted: Callable[[Memo], None]
) -> None:
    use, holder, hash_before = memo.use(), memo.holder(), memo.on.many.vault.core.deciding.total

    counted(memo)

    assert memo.use() is use
    assert memo.holder() is holder
    assert memo.on.many.vault.core.deciding.total != hash_before, "it is a row that decides"


def say_something(memo: Memo) -> None:
    memo.on.say(memo.eve, memo.found, Wish.WITHDRAW)


def lay_down(memo: Memo) -> None:
    many = memo.on.many
    masked = replace(RULES[NAME], mask=Mask.HIDDEN)
    many.schemas.lay_down(many.app(memo.on.app), {**RULES, NAME: masked})


def take_a_token_out(memo: Memo) -> None:
    many = memo.on.many
    many.commit(many.registry.ended(many.other, parse(many.tokens[1]).id))


@pytest.mark.parametrize("other", [say_something, lay_down, take_a_token_out])
def test_whatever_else_decides_makes_all_be_looked_up_anew(
    memo: Memo, other: Callable[[Memo], None]
) -> None:
    use, holder = memo.use(), memo.holder()

    other(memo)

    assert memo.use() is not use
    assert memo.holder() is not holder


def test_nothing_that_is_remembered_is_held_to_a_count(memo: Memo) -> None:
    guards = {op.table for op in memo.use().on if isinstance(op, Guard)}

    assert guards
    assert guards.isdisjoint(COUNTERS)
