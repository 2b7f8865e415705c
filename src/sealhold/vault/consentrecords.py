"""Consent records: what a person agreed to, in the terms of a standard, signed by the vault.

- Made from the events and from the terms of the version that was agreed to: a later change of the
  processing changes no record. What nobody said is listed as a gap, never filled in.
- The receipt is the record with an id of its own; the person gets it with the answer.

Source: docs/spec/26-processings.md section 6; docs/spec/07-grants.md section 5.
"""

from collections.abc import Sequence

from sealhold.crypto import dsse
from sealhold.model.encoding import to_json
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import ConsentId, Id16, ReceiptId, SubjectId
from sealhold.model.processing import Body, Terms
from sealhold.model.records import Sensitivity
from sealhold.policy.consent import PERMITTING
from sealhold.policy.consent_record import (
    ConsentRecord,
    DataKind,
    Necessity,
    Notice,
    Party,
    PartyType,
    Process,
    Role,
    gaps,
    to_document,
)
from sealhold.policy.processing import basis_of, special_of
from sealhold.vault.core import Core
from sealhold.vault.processings import Processings
from sealhold.vault.says import Said, Shown
from sealhold.vault.schemarows import Schema

MEDIA_TYPE = "application/vnd.sealhold.consent+json"
LANGUAGE = "en"  # of what the vault itself shows
RIGHTS = tuple(f"eu-gdpr:A{article}" for article in (13, 14, 15, 16, 17, 18, 20, 21, 22, 77))


class ConsentRecords:
    """Writes and signs the consent records of one vault."""

    def __init__(self, core: Core, processings: Processings) -> None:
        self._core = core
        self._processings = processings
        self._signer = core.keyring.signer("grant-sign")

    def signed(
        self,
        subject: SubjectId,
        consent: ConsentId,
        said: Sequence[Said],
        schema: Schema | None,
        receipt: ReceiptId | None = None,
    ) -> str:
        """Return the signed record of one consent, from all that the person `said`.

        Raises:
            NotFoundError: the person has no such consent.
        """
        events = [each for each in said if each.event and each.event.consent == consent]
        if not events:
            raise NotFoundError("no such consent")
        record = self._record(subject, consent, events, schema)
        document = to_document(record, receipt)
        document["sealhold:gaps"] = list(gaps(record))
        return dsse.sign(MEDIA_TYPE, to_json(document), [self._signer]).decode()

    def _record(
        self, subject: SubjectId, consent: ConsentId, said: Sequence[Said], schema: Schema | None
    ) -> ConsentRecord:
        agreed = [each for each in said if each.event and each.event.state in PERMITTING]
        told = (agreed or said)[-1]
        if told.processing is None or told.event is None:
            raise NotFoundError("no such consent")
        terms = self._processings.version(told.processing, told.version)
        shown = told.shown or Shown(digest=told.event.notice, language=LANGUAGE, version="")
        evidence = {
            "code": terms.code,
            "processing": terms.name,
            "way": told.way,
            "notice version": shown.version,
        }
        return ConsentRecord(
            id=Id16(consent),
            subject=subject,
            notice=Notice(digest=shown.digest, language=shown.language),
            process=process_of(terms, schema),
            events=tuple(each.event for each in said if each.event is not None),
            evidence=tuple((name, text) for name, text in sorted(evidence.items()) if text),
        )


def process_of(terms: Terms, schema: Schema | None) -> Process:
    """Return what is done under `terms`, as a consent record says it."""
    about = terms.circumstances
    rules = schema.rules if schema else {}
    fields = [
        DataKind(
            name=name,
            sensitivity=(
                Sensitivity.SPECIAL
                if name in rules and rules[name].sensitive
                else Sensitivity.ORDINARY
            ),
            necessity=Necessity.REQUIRED,
        )
        for name in sorted(terms.fields)
    ]
    records = [
        DataKind(name=name, sensitivity=Sensitivity.ORDINARY, necessity=Necessity.REQUIRED)
        for name in sorted(terms.collections)
    ]
    return Process(
        purpose=terms.purpose,
        service=about.service,
        basis=basis_of(terms),
        special=special_of(terms),
        data=(*fields, *records),
        controller=_party(about.controller, Role.CONTROLLER),
        collection=about.collection,
        method=about.method,
        storage_location=about.storage_location,
        retention_days=terms.retention_days,
        processing_location=about.processing_location,
        jurisdiction=about.jurisdiction,
        recipients=tuple(
            _party(Body(identifier=name, name=name), Role.RECIPIENT)
            for name in sorted(terms.recipients)
        ),
        withdrawal=about.withdrawal,
        rights=RIGHTS,
        authority=_party(about.authority, Role.AUTHORITY),
    )


def _party(body: Body, role: Role) -> Party:
    return Party(
        identifier=body.identifier,
        name=body.name,
        role=role,
        type=PartyType.ORGANISATION,
        address=body.address,
        contact=body.contact,
    )
