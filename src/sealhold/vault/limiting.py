"""What people set to all uses of their data: objections to purposes, and a restriction.

- Each is one commit, and binds the next decision. Neither needs a reason.
- A restriction that somebody else lifts stands for three days more, in which the person sees that.

Source: docs/spec/26-processings.md section 5; GDPR Articles 18 and 21.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.model.ids import Purpose
from sealhold.model.processing import LimitsView
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.consent import By
from sealhold.policy.limits import TOLD_BEFORE
from sealhold.vault.core import Core
from sealhold.vault.says import Said, Say, Says
from sealhold.vault.speaking import Speaker, Speaking
from sealhold.vault.using import Use, Uses, until_done
from sealhold.vault.writer import Work

BY: Mapping[Actor, By] = {
    Actor.PERSON: By.SUBJECT,
    Actor.OFFICER: By.CONTROLLER,
    Actor.OWNER: By.CONTROLLER,
}
Change = Callable[[Say, Instant], tuple[Say, str] | None]  # None: it is so already


class Limiting:
    """The limits that the people of one vault set; several threads may call."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._says = Says(core)
        self._speaking = Speaking(core, uses)

    def limits(self, who: Speaker) -> LimitsView:
        """Return what a person set to all uses.

        Raises:
            DeniedError: not one of this app's people.
        """
        return self._limits(self._speaking.use(who))

    def object(self, who: Speaker, purpose: str, *, is_raised: bool) -> LimitsView:
        """Raise or take back an objection to a purpose and all within it.

        Raises:
            DeniedError: not one of this app's people, or not their own word that takes it back.
            UnknownPurposeError: the purpose is none.
        """
        named = dpv.require(purpose)
        if not is_raised:
            self._speaking.own_word(who)

        def change(say: Say, now: Instant) -> tuple[Say, str] | None:
            if (named in say.objections) is is_raised:
                return None
            kept = {name: at for name, at in say.objections.items() if name != named}
            raised = {named: now} if is_raised else {}
            what = "objected" if is_raised else "took_back"
            return replace(say, objections={**kept, **raised}), what

        return until_done(lambda: self._change(who, change, named))

    def restrict(self, who: Speaker, *, is_set: bool) -> LimitsView:
        """Restrict all uses but disputes, or lift that.

        Whoever set it for themselves lifts it at once. If somebody else lifts it, the person sees
        that for three days before it takes effect.

        Raises:
            DeniedError: not one of this app's people, or not their own word that lifts it.
        """
        is_own = who.actor is Actor.PERSON
        if is_own and not is_set:
            self._speaking.own_word(who)

        def change(say: Say, now: Instant) -> tuple[Say, str] | None:
            if is_set:
                if say.restricted_at is not None and say.lifts_at is None:
                    return None
                return replace(say, restricted_at=now, lifts_at=None), "restricted"
            if say.restricted_at is None:
                return None
            if is_own:
                return replace(say, restricted_at=None, lifts_at=None), "lifted"
            lifts = say.lifts_at or Instant(now + TOLD_BEFORE)
            return replace(say, lifts_at=lifts), "lifting"

        return until_done(lambda: self._change(who, change))

    def _change(
        self,
        who: Speaker,
        change: Change,
        purpose: Purpose | None = None,
    ) -> LimitsView | None:
        use = self._speaking.use(who)
        person, keys = use.whole()
        changed = change(use.say or Say(subject=person.id), use.now)
        if changed is None:
            return self._limits(use)
        after, what = changed
        said = Said(n=after.n + 1, what=what, at=use.now, by=BY[who.actor], purpose=purpose or "")
        ops = self._says.keep(after, keys, said)
        told = structs.replace(use.event(EventKind.SAY, what), purpose=purpose)
        is_right = what in {"objected", "restricted"}  # kept on a full disk, too
        ops = (*who.guards, *use.guards(ops), *ops)
        work = Work(ops, (use.entry(told),), releases=True, right=is_right)
        return self._limits(replace(use, say=after)) if self._speaking.commit(work) else None

    @staticmethod
    def _limits(use: Use) -> LimitsView:
        say = use.say or Say(subject=use.whole()[0].id)
        holds = say.is_restricted(use.now)
        return LimitsView(
            is_restricted=holds,
            restricted_at=say.restricted_at if holds else None,
            lifts_at=say.lifts_at if holds else None,
            objections=tuple(sorted(say.objections)),
        )
