"""The consent record: one document that says who agreed to what, when, how and until when.

- JSON-LD in the terms of DPV 2.3, with the fields that ISO/IEC 27560 and the GDPR ask for; strict
  JSON, no floats. The prefixes stand in the document, so that reading it fetches nothing.
- One purpose per consent, so one process per record.
- The receipt is the same document with an id of its own; the person gets it at once.
- What is mandatory and empty is named by `gaps`: a record is never filled with guesses.

Source: docs/spec/07-grants.md section 5; https://w3id.org/dpv/guides/consent-27560.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.ids import Id16, Purpose, ReceiptId, SubjectId, canonical
from sealhold.model.quantities import rfc3339
from sealhold.model.records import Sensitivity
from sealhold.policy import dpv
from sealhold.policy.bases import LegalBasis, SpecialBasis, suffices
from sealhold.policy.consent import PERMITTING, ConsentEvent

RECORD_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
RECEIPT_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
CONTEXT: Final = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": dpv.IRI,
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "sealhold": "urn:sealhold:consent#",
}
_DATA_TYPE: Final = {
    Sensitivity.PUBLIC: "dpv:PersonalData",
    Sensitivity.ORDINARY: "dpv:PersonalData",
    Sensitivity.INTIMATE: "dpv:SensitivePersonalData",
    Sensitivity.SPECIAL: "dpv:SpecialCategoryPersonalData",
}


class Role(StrEnum):
    """What a party does with the data."""

    CONTROLLER = "dpv:DataController"
    PROCESSOR = "dpv:DataProcessor"
    RECIPIENT = "dpv:Recipient"
    AUTHORITY = "dpv:Authority"


class PartyType(StrEnum):
    """What a party is."""

    ORGANISATION = "dpv:Organisation"
    PERSON = "dpv:NaturalPerson"


class Necessity(StrEnum):
    """Whether the purpose can do without a kind of data."""

    REQUIRED = "dpv:Required"
    OPTIONAL = "dpv:Optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who takes part, and how to reach them."""

    identifier: str
    name: str
    role: Role
    type: PartyType
    address: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the person was shown."""

    digest: str  # 64 hex digits
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKind:
    """One kind of data that is used."""

    name: str
    sensitivity: Sensitivity
    necessity: Necessity


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What is done, by whom and where."""

    purpose: Purpose
    service: str  # what the person gets from it, in words
    basis: LegalBasis
    special: SpecialBasis | None
    data: tuple[DataKind, ...]
    controller: Party
    collection: str  # how the data comes in, in words
    method: str  # what is done with it, in words
    storage_location: str
    retention_days: int
    processing_location: str
    jurisdiction: str
    recipients: tuple[Party, ...]
    withdrawal: str  # how to take the consent back
    rights: tuple[str, ...]  # `eu-gdpr:A15` and the like
    authority: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """One consent, whole."""

    id: Id16  # random; also the id of the consent
    subject: SubjectId
    notice: Notice
    process: Process
    events: tuple[ConsentEvent, ...]  # in the order in which they happened
    evidence: tuple[tuple[str, str], ...] = ()  # how the decision was verified: name and value


def to_document(record: ConsentRecord, receipt: ReceiptId | None = None) -> dict[str, Plain]:
    """Return the JSON-LD document of `record`, or of its receipt."""
    document: dict[str, Plain] = {
        "@context": dict(CONTEXT),
        "@id": f"urn:uuid:{canonical(record.id)}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD_SCHEMA,
        "dct:identifier": canonical(record.id),
        "dpv:hasDataSubject": f"urn:uuid:{canonical(record.subject)}",
        "dpv:hasNotice": _notice(record.notice.digest, record.notice.language),
        "dpv:hasProcess": _process(record.process),
        "dpv:hasConsentStatus": [_event(event, record) for event in record.events],
    }
    if record.evidence:
        document["sealhold:evidence"] = dict(record.evidence)
    if receipt is not None:
        document |= {
            "@type": ["dpv:ConsentRecord", "dpv:ConsentReceipt"],
            "dct:conformsTo": RECEIPT_SCHEMA,
            "sealhold:receipt": canonical(receipt),
        }
    return document


def gaps(record: ConsentRecord) -> tuple[str, ...]:
    """Return the mandatory fields of `record` that say nothing, in the order of the standard."""
    texts = {
        "notice": record.notice.digest,
        "language": record.notice.language,
        "events": record.events,
    }
    return (*(name for name, value in texts.items() if not value), *missing(record.process))


def missing(process: Process) -> tuple[str, ...]:
    """Return the mandatory fields of `process` that say nothing, in the order of the standard."""
    texts = {
        "basis": all(
            suffices(process.basis, process.special, kind.sensitivity) for kind in process.data
        ),
        "data": process.data,
        **_party_texts("controller", process.controller),
        "collection": process.collection,
        "method": process.method,
        "storage location": process.storage_location,
        "processing location": process.processing_location,
        "jurisdiction": process.jurisdiction,
        "recipients": process.recipients,
        "withdrawal": process.withdrawal,
        "rights": process.rights,
        **_party_texts("authority", process.authority),
    }
    return tuple(name for name, value in texts.items() if not value)


def _party_texts(name: str, party: Party) -> dict[str, str]:
    return {
        f"{name} identifier": party.identifier,
        f"{name} name": party.name,
        f"{name} address": party.address,
        f"{name} contact": party.contact,
    }


def _notice(digest: str, language: str) -> dict[str, Plain]:
    return {"@type": "dpv:ConsentNotice", "dct:identifier": digest, "dct:language": language}


def _party(party: Party) -> dict[str, Plain]:
    return {
        "@type": [party.role.value, party.type.value],
        "dct:identifier": party.identifier,
        "dpv:hasName": party.name,
        "dpv:hasAddress": party.address,
        "dpv:hasContact": party.contact,
    }


def _process(process: Process) -> dict[str, Plain]:
    bases = [process.basis.value, *([process.special.value] if process.special else [])]
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": f"dpv:{process.purpose}",
        "dpv:hasService": process.service,
        "dpv:hasLegalBasis": bases,
        "dpv:hasPersonalData": [
            {
                "@type": _DATA_TYPE[kind.sensitivity],
                "dct:identifier": kind.name,
                "dpv:hasNecessity": kind.necessity.value,
            }
            for kind in process.data
        ],
        "dpv:hasDataController": _party(process.controller),
        "dpv:hasDataSource": {
            "@type": "dpv:DataSubjectDataSource",
            "dpv:hasProcessing": "dpv:Collect",
            "dct:description": process.collection,
        },
        "dpv:hasProcessing": {"@type": "dpv:Use", "dct:description": process.method},
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": process.storage_location},
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{process.retention_days}D"},
        ],
        "dpv:hasProcessingCondition": {
            "@type": "dpv:ProcessingLocation",
            "dpv:hasLocation": process.processing_location,
        },
        "dpv:hasJurisdiction": process.jurisdiction,
        "dpv:hasRecipient": [_party(party) for party in process.recipients],
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": process.withdrawal,
        },
        "dpv:hasRight": list(process.rights),
        "dpv:hasAuthority": _party(process.authority),
    }


def _event(event: ConsentEvent, record: ConsentRecord) -> dict[str, Plain]:
    document: dict[str, Plain] = {
        "@type": f"dpv:{event.state.value}",
        "dct:date": rfc3339(event.at),
        "dpv:isImplementedByEntity": event.by.value,
        "dpv:hasLegalBasis": record.process.basis.value,
        "dpv:hasNotice": _notice(event.notice, record.notice.language),
    }
    if event.state in PERMITTING:
        document["dct:valid"] = f"{rfc3339(event.starts)}/{rfc3339(event.ends)}"
    return document
