"""A holder's vault judges a recovery as the rules do, whatever came in which order."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.recovery import (
    FRESH_MS,
    NEVER,
    WINDOW_MS,
    Course,
    Facts,
    Notice,
    ShownShare,
    Standing,
    Veto,
    judged,
)
from sealhold.sharing.peers.letter import Kind, Sender, write
from sealhold.sharing.peers.letters import Post
from sealhold.sharing.peers.recoveryheld import check_released, recoveries, standing
from sealhold.sharing.peers.recoveryopening import open_recovery, plan
from sealhold.sharing.peers.recoverypapers import SaidVeto, called, write_notice, write_veto
from tests.unit.opening_people import Openers, openers

PLACES = {"Bo": 1, "Cy": 2, "Di": 3}
ACTS = st.sampled_from(["bring Cy", "bring Di", "veto", "stale veto", "wait"])
STEPS = st.lists(st.tuples(ACTS, st.integers(0, 14)), min_size=1, max_size=6)  # days / 4, after it


@pytest.fixture(scope="module")
def here() -> Iterator[Openers]:
    with openers("Bo", "Cy", "Di", step=0) as found:
        yield found


class Story:
    """One recovery, of which Bo hears, and beside it what the rules are told."""

    def __init__(self, here: Openers) -> None:
        self.here, self.bo = here, here.circle.others["Bo"]
        self.devices = self.bo.device.devices
        self.drawn = self.devices.entropy(16)
        self.recovery = called(here.share_of("Bo").policy, self.drawn, by_heir=False)
        self.heard: Instant | None = None
        self.vetoes: list[Veto] = []
        self.shares: dict[str, Instant] = {}

    def act(self, what: str) -> None:
        now = Instant(self.here.clock.now)
        if what.startswith("bring"):
            other = what.removeprefix("bring ")
            share = self.here.share_of("Bo")
            opening = plan(self.devices, self.bo.contacts, share, [self._notice(other)])
            open_recovery(self.devices, self.bo.letters, opening)
            self.here.rounds()
            self.heard = self.heard or now
            for name in ("Bo", other):
                self.shares.setdefault(name, now)
        elif what.endswith("veto"):
            verified = FRESH_MS + 1 if what.startswith("stale") else 0
            self._veto(verified)
            device = bytes(self.here.owner.device.devices.me.id)
            veto = Veto(recovery=self.recovery, device=device, verified=verified, heard=now)
            self.vetoes.append(veto)
            if verified == 0 and self.heard is None:
                self.heard = now  # the veto brings the notice of Cy
                self.shares["Cy"] = now

    def by_rules(self) -> Standing | None:
        if self.heard is None:
            return None
        shares = tuple(
            ShownShare(recovery=self.recovery, place=PLACES[name], heard=at)
            for name, at in self.shares.items()
        )
        admins = frozenset({bytes(self.here.owner.device.devices.me.id)})
        known = Facts(admins=admins, vetoes=tuple(self.vetoes), shares=shares)
        notice = Notice(recovery=self.recovery, heard=self.heard)
        rules = self.here.share_of("Bo").policy.rules
        return judged(rules, notice, known, Instant(self.here.clock.now))

    def by_vault(self) -> Standing | None:
        found = [each for each in recoveries(self.devices) if each.id == self.recovery]
        return standing(self.devices, found[0]) if found else None

    def _notice(self, name: str) -> bytes:
        me, share = self.here.circle.others[name].device.devices.me, self.here.share_of(name)
        return write_notice(me, share.policy, self.drawn, share.digest, heir=False)

    def _veto(self, verified: int) -> None:
        owner = self.here.owner
        me = owner.device.devices.me
        papers = (self._notice("Cy"),)
        body = write_veto(SaidVeto(notices=papers, name="laptop", verified=verified))
        sender = Sender(name="Anna", box=owner.card().box, chain=me.chain, signer=me.keys.signer)
        id_ = self.devices.entropy(16)
        sealed = write(self.bo.card(), sender, id_, Kind.VETO, body, self.here.clock())
        self.bo.letters.bring(sealed, Post())


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
@example(steps=[("bring Cy", 4), ("veto", 9), ("wait", 12), ("wait", 0)])
@example(steps=[("veto", 12), ("bring Cy", 0), ("bring Di", 0)])
@example(steps=[("stale veto", 1), ("bring Cy", 2), ("stale veto", 3), ("veto", 14)])
def test_a_holders_vault_judges_as_the_rules_do(
    here: Openers, steps: list[tuple[str, int]]
) -> None:
    story = Story(here)
    for what, quarters in [*steps, ("bring Cy", 0)]:
        story.act(what)
        assert story.by_vault() == story.by_rules(), what
        here.clock.now += quarters * DAY // 4
        told = story.by_rules()
        assert story.by_vault() == told, what
        own = story.shares.get("Bo", NEVER) + WINDOW_MS
        if told is not None and told.course is Course.PREVAILS and own <= here.clock.now:
            check_released(story.devices, here.share_of("Bo"))
    last = story.by_rules()
    assert last is not None
    assert last.holds_until != NEVER
