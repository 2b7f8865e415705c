"""The door for registered processings: kept by apps and the owner, let run by owner and officers.

Source: docs/spec/26-processings.md section 9.
"""

from collections.abc import Iterator

from sealhold.compute.whocalls import WhoCalls, whole
from sealhold.model.ids import Kind, ProcessingId
from sealhold.model.principals import Caller
from sealhold.model.processing import Assessment, NoticeView, ProcessingView, Terms
from sealhold.policy.consent_record import missing
from sealhold.policy.processing import needs_assessment
from sealhold.vault.consentrecords import process_of
from sealhold.vault.notices import Notices
from sealhold.vault.processings import Processing
from sealhold.vault.processings import Processings as ProcessingRows
from sealhold.vault.schemas import Schemas


class Processings:
    """What callers may do with processings."""

    def __init__(
        self, who: WhoCalls, rows: ProcessingRows, schemas: Schemas, notices: Notices
    ) -> None:
        self._who = who
        self._rows = rows
        self._schemas = schemas
        self._notices = notices

    def list(self, caller: Caller) -> tuple[ProcessingView, ...]:
        """Return the processings that the caller may see, by name.

        Raises:
            DeniedError: the token does not hold.
        """
        found = map(self._shown, self._seen(caller))
        return tuple(sorted(found, key=lambda each: (each.terms.name, each.processing)))

    def show(self, caller: Caller, id_text: str) -> ProcessingView:
        """Return one processing.

        Raises:
            DeniedError: to an app or a person, whatever the reason.
            NotFoundError: there is none.
        """
        return self._shown(self._who.processing(caller, id_text))

    def register(self, caller: Caller, app_text: str, terms: Terms) -> ProcessingView:
        """Keep a new processing of the calling app, or for the owner of the one that is named.

        Raises:
            DeniedError: the token is no app's.
            InvalidError: the terms break a rule.
            ExhaustedError: the app has as many as it may have.
        """
        app = self._who.app(caller, app_text)
        return self._shown(self._rows.register(app, terms, self._who.actor(caller)))

    def change(self, caller: Caller, id_text: str, terms: Terms) -> ProcessingView:
        """Keep another version of a processing.

        Raises:
            DeniedError: to an app, whatever the reason.
            InvalidError: the terms break a rule.
            ConflictError: it is retired, or was changed in this very moment.
        """
        found = self._who.processing(caller, id_text)
        holder, actor = self._who.holder(found), self._who.actor(caller)
        return self._shown(self._rows.change(holder, found, terms, actor))

    def assess(self, caller: Caller, id_text: str, assessment: Assessment) -> ProcessingView:
        """Record how the assessment of a processing ended.

        Raises:
            NotFoundError: there is none.
            InvalidError: it has no reason, or names no document.
            ConflictError: it was changed in this very moment.
        """
        found = self._who.processing(caller, id_text)
        return self._shown(self._rows.assess(found, assessment, self._who.actor(caller)))

    def activate(self, caller: Caller, id_text: str) -> ProcessingView:
        """Let a processing be run on whoever permits it.

        Raises:
            NotFoundError: there is none.
            NotAssessedError: an assessment is needed, and none ended well.
            InvalidError: it wants what the app does not keep, or its bases do not carry that.
            ConflictError: it is retired, or was changed in this very moment.
        """
        found = self._who.processing(caller, id_text)
        schema, actor = self._schemas.get(found.app), self._who.actor(caller)
        return self._shown(self._rows.activate(found, schema, actor))

    def retire(self, caller: Caller, id_text: str) -> ProcessingView:
        """End a processing for good.

        Raises:
            NotFoundError: there is none.
            ConflictError: it was changed in this very moment.
        """
        found = self._who.processing(caller, id_text)
        return self._shown(self._rows.retire(found, self._who.actor(caller)))

    def notices(self, id_text: str) -> tuple[NoticeView, ...]:
        """Return the texts that people may be shown for a processing; none if there is none.

        Raises:
            InvalidIdError: `id_text` is no whole id.
        """
        return tuple(self._notices.of(ProcessingId(whole(Kind.PROCESSING, id_text))))

    def add_notice(
        self, caller: Caller, id_text: str, digest: str, language: str, version: str
    ) -> NoticeView:
        """Note a text that people may be shown for a processing.

        Raises:
            NotFoundError: there is no such processing.
            InvalidError: a digest, language or version of another form.
            ExhaustedError: there are as many as there may be.
        """
        found = self._who.processing(caller, id_text)
        return self._notices.add(found, digest, language, version, self._who.actor(caller))

    def _seen(self, caller: Caller) -> Iterator[Processing]:
        if caller.role == "app":
            return self._rows.of_app(self._who.app(caller).id)
        if caller.role == "person":
            return self._rows.of_app(self._who.own(caller).app)
        self._who.actor(caller)
        return self._rows.all()

    def _shown(self, found: Processing) -> ProcessingView:
        return ProcessingView(
            processing=found.id,
            app=found.app,
            version=found.version,
            edition=found.edition,
            state=found.state,
            notice=found.shown,
            terms=found.terms,
            needs_assessment=needs_assessment(found.terms),
            assessment=found.assessment,
            gaps=missing(process_of(found.terms, self._schemas.get(found.app))),
        )
