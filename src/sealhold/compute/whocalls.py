"""Who calls about processings, and about whom: tokens become apps, people, officers, the owner.

- A token is looked up anew at each call, and what it leads to guards what is said by it.
- A person's token leads to that person, an app's to its own; owner and officers say whom they
  mean.
- Ids are whole; what is none is told before anything is looked up.

Source: docs/spec/26-processings.md section 9; docs/spec/30-access.md.
"""

from sealhold.audit.event import Actor
from sealhold.model.errors import DeniedError, InvalidIdError
from sealhold.model.ids import ID_BYTES, Id16, Kind, ProcessingId, SubjectId, parse_id
from sealhold.model.principals import Caller
from sealhold.vault.principals import Principals
from sealhold.vault.processings import Processing, Processings
from sealhold.vault.registry import App, Registry
from sealhold.vault.speaking import Speaker
from sealhold.vault.subjects import Subjects

ACTORS = {
    "owner": Actor.OWNER,
    "app": Actor.APP,
    "person": Actor.PERSON,
    "officer": Actor.OFFICER,
}


class WhoCalls:
    """Looks up callers, and what they name."""

    def __init__(
        self,
        principals: Principals,
        registry: Registry,
        subjects: Subjects,
        processings: Processings,
    ) -> None:
        self._principals = principals
        self._registry = registry
        self._subjects = subjects
        self._processings = processings

    def app(self, caller: Caller, app_text: str = "") -> App:
        """Return the app that calls, or for the owner the one that they name.

        Raises:
            DeniedError: the token is no app's.
            NotFoundError: the owner names none that there is.
        """
        if caller.role == "owner":
            return self._registry.find(app_text)
        return self._principals.app(caller.token)

    def actor(self, caller: Caller) -> Actor:
        """Return who acts, after a look at the token.

        Raises:
            DeniedError: the token does not hold.
        """
        if caller.role == "officer":
            self._principals.officer(caller.token)
        return ACTORS[caller.role]

    def own(self, caller: Caller) -> Speaker:
        """Return the person who calls, about themselves.

        Raises:
            DeniedError: the token is no person's.
        """
        held = self._principals.person(caller.token)
        return Speaker(
            app=held.app,
            subject=held.subject,
            actor=Actor.PERSON,
            way=held.way.value,
            may_choose=held.may_choose,
            guards=held.guards,
        )

    def sayer(self, caller: Caller, person_text: str) -> Speaker:
        """Return who says something that counts about the person that is named.

        Raises:
            DeniedError: the token does not hold, is another person's, or lets them say nothing.
            InvalidIdError: `person_text` is no whole id.
            NotFoundError: owner or officer name nobody who is here.
        """
        # THREAT T298: a link that the app could use itself says nothing once there is a passkey
        if caller.role == "person" and not self._principals.person(caller.token).may_choose:
            raise DeniedError("denied")
        return self.speaker(caller, person_text)

    def speaker(self, caller: Caller, person_text: str) -> Speaker:
        """Return who calls about the person that is named.

        Raises:
            DeniedError: the token does not hold, or is another person's.
            InvalidIdError: `person_text` is no whole id.
            NotFoundError: owner or officer name nobody who is here.
        """
        subject = SubjectId(whole(Kind.SUBJECT, person_text))
        if caller.role == "person":
            own = self.own(caller)
            # THREAT T259: a person's token leads to that person, whatever the address says
            if own.subject != subject:
                raise DeniedError("denied")
            return own
        if caller.role == "app":
            app = self._principals.app(caller.token)
            guards = (Registry.guard(app),)
            return Speaker(app=app.id, subject=subject, actor=Actor.APP, guards=guards)
        actor = self.actor(caller)
        return Speaker(app=self._subjects.app_of(subject), subject=subject, actor=actor)

    def processing(self, caller: Caller, id_text: str) -> Processing:
        """Return the processing that is named, if the caller may see it.

        Raises:
            DeniedError: to an app or a person, whatever the reason.
            InvalidIdError: `id_text` is no whole id.
            NotFoundError: there is none.
        """
        named = ProcessingId(whole(Kind.PROCESSING, id_text))
        if caller.role == "app":
            of = self._principals.app(caller.token).id
        elif caller.role == "person":
            of = self.own(caller).app
        else:
            self.actor(caller)
            return self._processings.get(named)
        found = self._processings.find(of, named)
        if found is None:
            raise DeniedError("denied")
        return found

    def holder(self, found: Processing) -> App:
        """Return the app whose processing it is.

        Raises:
            NotFoundError: it is gone.
        """
        return self._registry.get(found.app)


def whole(kind: Kind, text: str) -> Id16:
    """Return the id that `text` names.

    Raises:
        InvalidIdError: `text` is no whole id.
    """
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)
