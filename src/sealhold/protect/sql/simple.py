"""The client's Query: one text, any number of statements.

- If all of them are clear, they go on as one Query, without comments.
- Else they go to the provider by the extended protocol, with one Sync at their end: so they stay
  one transaction. If one is refused, none is sent.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from collections.abc import Sequence
from typing import Final

from sealhold.model.errors import SealholdError, WireError
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.copying import Copying
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.hidden import Hiding
from sealhold.protect.sql.line import WHOLE, Swallowed
from sealhold.protect.sql.opening import value_error
from sealhold.protect.sql.passing import is_ending, passes, ran, touch_of
from sealhold.protect.sql.plan import Control, Plan, Refused, Relay, Touch
from sealhold.protect.sql.shapes import shape_of
from sealhold.protect.sql.talk import Job, Statement, Talk
from sealhold.protect.sql.wire import HEAD, build_query, build_target

_QUICK: Final = 2048  # bytes of a text that is remembered as one that goes on
_TEXTS: Final = 512
_DATA: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
"""Verbs of statements whose numbers change nothing about them: those of a SET may."""


class Simple:
    """Carries out Query messages."""

    def __init__(self, talk: Talk, hiding: Hiding, copying: Copying) -> None:
        self._talk = talk
        self._hiding = hiding
        self._copying = copying
        self._unnamed: Statement | None = None  # what a Query that goes on would have ended
        self._shapes: dict[bytes, Touch] = {}  # of texts that go on, whatever numbers are in them
        talk.on_epoch.append(self._shapes.clear)

    def query(self, data: bytes, at: int, stop: int) -> None:
        """Carry out a Query.

        Raises:
            WireError: the message is out of form.
        """
        if self._talk.line.unsynced:
            self._talk.start(self._when_synced(data[at:stop]))
        else:
            self._begin(data, at, stop)

    def _begin(self, data: bytes, at: int, stop: int) -> None:
        talk = self._talk
        line = talk.line
        text = data[at + HEAD : stop - 1]
        self._unnamed = talk.statements.pop(b"", None)  # as the provider does
        talk.portals.pop(b"", None)
        if talk.is_current:
            ready = talk.quick.get(text)
            if ready is not None:
                message, touch = ready
                if touch is not None and not self._hiding.leasing.is_ready(touch):
                    talk.start(self._admitted(text, (touch,)))
                    return
                line.to_provider.append(message)
                line.owed.append(WHOLE)
                return
            touch = self._shapes.get(shape_of(text) or b"")
            if touch is not None and not data[stop - 1]:
                if not self._hiding.leasing.is_ready(touch):
                    talk.start(self._admitted(text, (touch,)))
                    return
                line.to_provider.append(data[at:stop])
                line.owed.append(WHOLE)
                return
        if b"\0" in text or data[stop - 1]:
            raise WireError("a Query out of form")
        if not talk.is_current:
            talk.start(self._later(text))
            return
        plans = talk.plans(text)
        if talk.looks_again(text, *plans):
            talk.start(self._later(text))
        else:
            self._query(text, plans)

    def _query(self, text: bytes, plans: tuple[Plan, ...]) -> None:
        talk = self._talk
        if all(passes(talk, each) for each in plans):
            touches = tuple(filter(None, (touch_of(talk, each) for each in plans)))
            if not all(map(self._hiding.leasing.is_ready, touches)):
                talk.start(self._admitted(text, touches))
                return
        self._go_on(text, plans)

    def _admitted(self, text: bytes, touches: Sequence[Touch]) -> Job:
        """Do a Query once the gate gave leave for all that goes on of it."""
        talk = self._talk
        leasing = self._hiding.leasing
        try:
            for each in touches:
                if not leasing.is_ready(each):
                    yield from leasing.admitted(each)
        except SealholdError as err:
            self._close_unnamed()
            talk.line.refuse(value_error(err))
            talk.line.sync()
            return
        if talk.is_current:
            self._go_on(text, talk.plans(text))
        else:
            yield from self._later(text)

    def _go_on(self, text: bytes, plans: tuple[Plan, ...]) -> None:
        talk = self._talk
        line = talk.line
        if len(plans) == 1 and type(plans[0]) is Relay and not plans[0].changes_names:
            message = build_query(plans[0].sql.encode())  # what most are: as fast as can be
            line.to_provider.append(message)
            line.owed.append(WHOLE)
            self._remember(text, message, plans[0].touch)
            return
        refused = next((each for each in plans if isinstance(each, Refused)), None)
        if refused is not None:
            self._close_unnamed()
            talk.on_refused(refused)
            said = error(refused.code, refused.message, refused.hint, position=refused.position)
            line.refuse(said)
            line.sync()
            return
        if not all(passes(talk, each) for each in plans) or talk.ending.hears(plans):
            talk.start(self._translated(plans))
            return
        message = build_query(whole(plans))
        line.to_provider.append(message)
        line.owed.append(WHOLE)
        for plan in plans:
            ran(talk, plan)

    def _remember(self, text: bytes, message: bytes, touch: Touch | None) -> None:
        quick = self._talk.quick
        if len(text) <= _QUICK:
            if len(quick) >= _TEXTS:
                quick.clear()
            quick[text] = message, touch
            if touch is not None and touch.verb in _DATA:
                self._remember_shape(text, touch)

    def _remember_shape(self, text: bytes, touch: Touch) -> None:
        shape = shape_of(text)
        if shape is None:
            return
        if len(self._shapes) >= _TEXTS:
            self._shapes.clear()
        self._shapes[shape] = touch

    def _close_unnamed(self) -> None:
        unnamed, self._unnamed = self._unnamed, None
        if unnamed is not None and unnamed.is_relayed:
            self._talk.line.ask(build_target(b"C", b"S", b""), Swallowed())

    def _when_synced(self, message: bytes) -> Job:
        """Do a Query that stands behind messages without a Sync, once it is known how they end."""
        yield from self._talk.drained()
        if not self._talk.line.skipping:  # else the provider drops it too
            self._begin(message, 0, len(message))

    def _later(self, text: bytes) -> Job:
        talk = self._talk
        yield from talk.current()
        talk.again = None
        if talk.line.skipping:
            talk.line.sync()
            return
        plans = talk.plans(text)
        if talk.is_lost and not all(map(is_ending, plans)):
            talk.line.refuse(talk.line.aborted)
            talk.line.sync()
            return
        if all(passes(talk, each) for each in plans) or any(
            isinstance(each, Refused) for each in plans
        ):
            self._query(text, plans)  # nothing is outstanding, so it waits for nothing
        else:
            yield from self._translated(plans)

    def _translated(self, plans: Sequence[Plan]) -> Job:
        """Do statements by the extended protocol, all in one transaction."""
        talk = self._talk
        line = talk.line
        self._close_unnamed()
        try:
            for plan in plans:
                yield from self._hiding.whole(plan, is_alone=len(plans) == 1)
                if line.skipping:
                    break
        except (PgValueError, SealholdError) as err:
            line.refuse(value_error(err))
        if not self._copying.is_on:
            line.sync()


def whole(plans: Sequence[Plan]) -> bytes:
    """Return the text of statements that go on as they are."""
    return "; ".join(each.sql for each in plans if isinstance(each, (Relay, Control))).encode()
