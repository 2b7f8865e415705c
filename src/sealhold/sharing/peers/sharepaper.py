"""The signed paper of a share, as it lies in its space, and the owner's own record of it.

- A paper is signed by a device of the owner, so that whoever holds it can show it, and names the
  share, its epoch and the owner's time. Of several the one with the newest time stands.
- The owner's record has the clauses as they were written, and the secret from which ids and keys
  of what is shown follow; it lies in the home collection, where no guest is.

Source: docs/spec/52-share-spaces.md section 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.crypto.rootid import RootId
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    InvalidError,
    TamperedError,
)
from sealhold.model.ids import ID_BYTES, CollectionId, ContactId, DeviceId, GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.share import Clauses
from sealhold.policy.sharepapers import parse_clauses, to_document
from sealhold.sharing.devices.certs import OF_OTHERS, ROOT_ID_BYTES
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.identity import MAX_MS

SHARE_KIND, RECORD_KIND = "share", "given"  # of notes: in the space, in the home collection
REVOKED = 0  # the epoch of a share that was taken back
SIGNATURE_BYTES, SECRET_BYTES = 64, 32
_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a recipient has of a share."""

    grant: GrantId
    owner: RootId
    device: DeviceId  # of the owner, which signed
    parent: GrantId | None
    epoch: int  # from 1; 0: taken back
    said: Instant  # the owner's time
    clauses: Clauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the owner keeps of a share."""

    grant: GrantId
    space: CollectionId
    name: str
    secret: Secret  # from which ids and keys of what is shown follow
    clauses: Clauses  # with the owner's ids and filters
    is_revoked: bool = False
    lookers: frozenset[ContactId] = frozenset()  # of its people: those who may only look
    is_of_documents: bool = False  # its space holds documents, and no files

    def told(self) -> Plain:
        """Return this as it is kept, inside a seal."""
        clauses = to_document(self.clauses)
        secret = self.secret.reveal()
        lookers: list[Plain] = [*sorted(self.lookers)]
        about: list[Plain] = [self.is_revoked, lookers, self.is_of_documents]
        return [_FORM, self.grant, self.space, self.name, secret, clauses, *about]


def write_paper(paper: Paper, signer: SigningKey) -> bytes:
    """Return a paper signed by the device that it names."""
    told = pack(
        {
            "c": to_document(paper.clauses),
            "d": paper.device,
            "e": paper.epoch,
            "g": paper.grant,
            "n": paper.said,
            "p": paper.parent or b"",
            "r": paper.owner,
            "v": _FORM,
        }
    )
    return told + signer.sign(Tag.SHARE, told)


def read_paper(data: bytes, signer: PublicKey) -> Paper:
    """Return what a paper says, if `signer` signed it.

    Raises:
        InvalidEncodingError: not a paper.
        TamperedError: another device signed it.
        InvalidGrantError: its clauses are not understood: nothing of it counts.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    told, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    paper = _read(told)
    try:
        # THREAT T548: what a share says is what a device of its owner signed
        verify(signer, Tag.SHARE, told, signature)
    except BadSignatureError as err:
        raise TamperedError("a share that its owner did not sign") from err
    return paper


def _read(told: bytes) -> Paper:
    match unpack(told):
        case {
            "c": clauses,
            "d": bytes(device),
            "e": int(epoch),
            "g": bytes(grant),
            "n": int(said),
            "p": bytes(parent),
            "r": bytes(owner),
            "v": 1,
            **rest,
        } if (
            not rest
            and len(device) == len(grant) == ID_BYTES
            and len(parent) in {0, ID_BYTES}
            and len(owner) == ROOT_ID_BYTES
            and 0 <= epoch < 1 << 31
            and 0 <= said < MAX_MS
        ):
            return Paper(
                grant=GrantId(Id16(grant)),
                owner=RootId(owner),
                device=DeviceId(Id16(device)),
                parent=GrantId(Id16(parent)) if parent else None,
                epoch=epoch,
                said=Instant(said),
                clauses=parse_clauses(clauses),
            )
        case _:
            raise InvalidEncodingError("not the paper of a share")


# --- in the space ---


def put_paper(opened: Open, paper: Paper, signer: SigningKey) -> None:
    """Write a paper into its space, durably."""
    draft = Draft(opened.replica)
    draft.note(SHARE_KIND, paper.grant, write_paper(paper, signer))
    draft.commit()


def papers(opened: Open) -> Iterator[Paper]:
    """Yield the papers that lie in a space and count; one that is not understood does not."""
    for key, note in opened.replica.state.notes(SHARE_KIND):
        if not isinstance(note.told, bytes):
            continue
        member = opened.members.state.members.get(DeviceId(Id16(note.device)))
        if member is None or member.certificate.role in OF_OTHERS:
            continue
        try:
            # THREAT T594: what one paper says in words of its own hides no other
            paper = read_paper(note.told, member.certificate.signing)
        except (InvalidError, TamperedError):
            continue
        if paper.grant == key and paper.owner == opened.members.log.root:
            yield paper


# --- at the owner ---


def put_record(devices: Devices, record: Record) -> None:
    """Keep the owner's record of a share, durably; the other own devices hear of it."""
    draft = Draft(devices.home.replica)
    draft.note(RECORD_KIND, record.grant, record.told())
    draft.commit()


def records(devices: Devices) -> Iterator[Record]:
    """Yield the owner's records of shares.

    Raises:
        TamperedError: one is not what was written.
    """
    for _, note in devices.home.replica.state.notes(RECORD_KIND):
        yield _record(note.told)


def _record(told: Plain) -> Record:
    match told:
        case [
            1,
            bytes(grant),
            bytes(space),
            str(name),
            bytes(secret),
            clauses,
            bool(revoked),
            list(lookers),
            bool(documents),
        ] if (
            len(grant) == len(space) == ID_BYTES
            and len(secret) == SECRET_BYTES
            and all(isinstance(each, bytes) and len(each) == ROOT_ID_BYTES for each in lookers)
        ):
            return Record(
                grant=GrantId(Id16(grant)),
                space=CollectionId(Id16(space)),
                name=name,
                secret=Secret(secret, "share secret"),
                clauses=parse_clauses(clauses),
                is_revoked=revoked,
                lookers=frozenset(ContactId(bytes(each)) for each in lookers if each),
                is_of_documents=documents,
            )
        case _:
            raise TamperedError("what was kept of a share is not what was written")
