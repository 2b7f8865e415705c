"""Receipts: what they say, who signed them, and what others may see of them."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from sealhold.audit.exposed import Exposed, Keeps
from sealhold.audit.receipt import (
    RECEIPT_TYPE,
    Place,
    Receipt,
    countersign,
    issue,
    looks_like_receipt,
    open_receipt,
    outsider_copy,
    receipt_digest,
    verify_receipt,
)
from sealhold.audit.receiptbody import (
    Body,
    Confirmed,
    ConsentBody,
    Decided,
    ExposureBody,
    ImportBody,
    ReceiptKind,
    RunBody,
    UseBody,
)
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, InvalidError
from sealhold.model.ids import (
    AppId,
    GrantId,
    Id16,
    JobId,
    Purpose,
    ReceiptId,
    SourceId,
    TaskDigest,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.shareterms import Action, Tier

VAULT, APP = (SigningKey(Secret(bytes([n]) * 32, "key")) for n in (1, 2))

RUN = RunBody(
    app=AppId(Id16(b"a" * 16)),
    grant=GrantId(Id16(b"g" * 16)),
    task=TaskDigest(b"t" * 32),
    purpose=Purpose("ServiceProvision"),
    destination=b"d" * 32,
    answer=b"s" * 32,
    bytes_out=120,
    confirmed=Confirmed.STANDING,
    rows_read=311,
    cost=MicroBits(5_000_000),
    repeated=True,
)
USE = UseBody(
    seq=1,
    prev=bytes(32),
    object=Id16(b"o" * 16),
    version=Id16(b"v" * 16),
    action=Action.VIEW,
    purpose=Purpose("ServiceProvision"),
    permitted=True,
    tier=Tier.KEY_PER_USE,
    counter=None,
)
IMPORT = ImportBody(
    source=SourceId(Id16(b"s" * 16)),
    job=JobId(Id16(b"j" * 16)),
    connector="gpx",
    connector_version="1",
    input=b"i" * 32,
    new=3,
    changed=0,
    same=2,
    rejected=1,
)
CONSENT = ConsentBody(
    app=AppId(Id16(b"a" * 16)),
    decided=Decided.REFUSED,
    task=TaskDigest(b"t" * 32),
    purpose=Purpose("ServiceProvision"),
    shown=b"c" * 32,
    confirmed=Confirmed.HEADLESS,
    until=None,
    budget=None,
)

HAD = Exposed(
    collection=Id16(b"c" * 16),
    name="notes",
    entries=3,
    last=None,
    epochs=1,
    objects=2,
    versions=5,
    keeps=Keeps.SOME,
    others=1,
    ends=False,
)
EXPOSURE = ExposureBody(
    device=Id16(b"d" * 16),
    called="phone",
    remover=Id16(b"f" * 16),
    had=(HAD, replace(HAD, collection=Id16(b"e" * 16), last=7, keeps=Keeps.ALL, ends=True)),
)


def receipt(body: Body = RUN) -> Receipt:
    return Receipt(
        id=ReceiptId(Id16(b"r" * 16)),
        at=Instant(1_790_000_000_000),
        about=Id16(b"g" * 16),
        audit=Place(origin="log", size=20, index=17),
        body=body,
    )


@pytest.mark.parametrize(
    "body",
    [
        RUN,
        IMPORT,
        CONSENT,
        EXPOSURE,
        replace(CONSENT, decided=Decided.GIVEN, until=Instant(5), budget=MicroBits(0)),
    ],
)
def test_a_receipt_of_each_kind_reads_back(body: Body) -> None:
    opened = open_receipt(issue(receipt(body), VAULT), [VAULT.public])

    assert (opened.receipt, opened.issuer, opened.cosigners) == (receipt(body), VAULT.public, ())


def test_the_kind_of_a_receipt_follows_from_its_body() -> None:
    assert [receipt(body).kind for body in (RUN, IMPORT, CONSENT, USE, EXPOSURE)] == list(
        ReceiptKind
    )


def test_a_receipt_of_a_key_that_is_not_trusted_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        open_receipt(issue(receipt(), VAULT), [APP.public])


def test_a_second_party_signs_the_very_same_bytes() -> None:
    paper = issue(receipt(), VAULT)

    both = countersign(paper, [VAULT.public], APP)

    opened = open_receipt(both, [VAULT.public, APP.public])
    assert (opened.receipt, opened.cosigners) == (receipt(), (APP.public,))
    assert receipt_digest(both) == receipt_digest(paper)
    assert receipt_digest(paper) == sha256(dsse.read_unverified(paper)[1])


def test_a_second_party_signs_nothing_that_the_vault_did_not() -> None:
    with pytest.raises(BadSignatureError):
        countersign(issue(receipt(), APP), [VAULT.public], APP)
    with pytest.raises(InvalidError):
        countersign(issue(receipt(), VAULT), [VAULT.public], VAULT)


def test_a_second_partys_signature_alone_issues_nothing() -> None:
    payload = dsse.read_unverified(issue(receipt(), VAULT))[1]
    alone = dsse.sign(RECEIPT_TYPE, payload, [APP])

    with pytest.raises(BadSignatureError):
        open_receipt(alone, [VAULT.public, APP.public])
    assert verify_receipt(alone, [APP.public]).exit_code == 6


def test_a_wrong_second_signature_of_a_trusted_key_refuses_the_whole() -> None:
    tree = json.loads(countersign(issue(receipt(), VAULT), [VAULT.public], APP))
    first, second = tree["signatures"]
    first["sig"], second["sig"] = second["sig"], first["sig"]

    assert verify_receipt(to_json(tree), [VAULT.public, APP.public]).exit_code == 6


def test_the_verdict_names_what_was_checked() -> None:
    verdict = verify_receipt(
        countersign(issue(receipt(), VAULT), [VAULT.public], APP), [VAULT.public]
    )

    assert verdict.exit_code == 0
    assert [check.name for check in verdict.checks] == ["form", "signature", "key"]
    assert verdict.checks[1].detail == "the issuer, 0 beside it that you trust, 1 unknown"


def test_without_a_key_to_trust_a_receipt_is_whole_and_no_more() -> None:
    verdict = verify_receipt(issue(receipt(), VAULT), [])

    assert (verdict.exit_code, verdict.checks[-1].held) == (3, False)


def test_a_receipt_of_another_vault_is_refused() -> None:
    assert verify_receipt(issue(receipt(), APP), [VAULT.public]).exit_code == 6


def test_a_receipt_is_told_from_other_files() -> None:
    assert looks_like_receipt(issue(receipt(), VAULT))
    for other in (b"", b"{}", b"GIF89a", dsse.sign("application/other", b"{}", [VAULT])):
        assert verify_receipt(other, [VAULT.public]).exit_code == 5


@pytest.mark.parametrize("body", [IMPORT, CONSENT])
def test_an_outsiders_copy_of_a_receipt_without_facts_of_the_owner_keeps_its_body(
    body: Body,
) -> None:
    copy = outsider_copy(receipt(body), ReceiptId(Id16(b"f" * 16)))

    assert (copy.body, copy.audit, copy.id) == (body, None, b"f" * 16)
    assert open_receipt(issue(copy, VAULT), [VAULT.public]).receipt == copy


def edited(change: Callable[[Plain], None]) -> bytes:
    tree = json.loads(dsse.read_unverified(issue(receipt(), VAULT))[1])
    change(tree)
    return to_json(tree)


OTHER_FORMS = {
    "no object": b"[]",
    "a space": edited(lambda _: None).replace(b":", b": ", 1),
    "a further field": edited(lambda tree: tree.update(more=1)),
    "a field too few": edited(lambda tree: tree.pop("about")),
    "another version": edited(lambda tree: tree.update(v=2)),
    "an unknown kind": edited(lambda tree: tree.update(kind="erasure")),
    "a kind of another body": edited(lambda tree: tree.update(kind="import")),
    "a body that is no object": edited(lambda tree: tree.update(body=[])),
    "an id in capitals": edited(
        lambda tree: tree.update(id="ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB")
    ),
    "an id without dashes": edited(lambda tree: tree.update(id=tree["id"].replace("-", ""))),
    "an id that is a number": edited(lambda tree: tree.update(id=7)),
    "a time that is true": edited(lambda tree: tree.update(at=True)),
    "a time below zero": edited(lambda tree: tree.update(at=-1)),
    "a time that has no date": edited(lambda tree: tree.update(at=10**15)),
    "a place outside of its log": edited(lambda tree: tree["audit"].update(index=20)),
    "a place that is no object": edited(lambda tree: tree.update(audit=7)),
    "an issuer of 31 bytes": edited(lambda tree: tree.update(issuer=tree["issuer"][2:])),
    "an issuer that is no text": edited(lambda tree: tree.update(issuer=None)),
    "a digest in capitals": edited(lambda tree: tree["body"].update(answer="AB" * 32)),
    "a count below zero": edited(lambda tree: tree["body"].update(bytes_out=-1)),
    "a count that may not be null": edited(lambda tree: tree["body"].update(bytes_out=None)),
    "a flag that is a number": edited(lambda tree: tree["body"].update(repeated=1)),
    "an empty text": edited(lambda tree: tree["body"].update(purpose="")),
    "an unknown word": edited(lambda tree: tree["body"].update(confirmed="yes")),
}


@pytest.mark.parametrize("payload", OTHER_FORMS.values(), ids=OTHER_FORMS.keys())
def test_a_signed_paper_of_any_other_form_is_no_receipt(payload: bytes) -> None:
    paper = dsse.sign(RECEIPT_TYPE, payload, [VAULT])

    with pytest.raises(InvalidEncodingError):
        open_receipt(paper, [VAULT.public])


def lines(change: Callable[[list[dict[str, Plain]]], None]) -> bytes:
    tree = json.loads(dsse.read_unverified(issue(receipt(EXPOSURE), VAULT))[1])
    change(tree["body"]["had"])
    return to_json(tree)


OTHER_LINES = {
    "none": lines(lambda had: had.clear()),
    "one twice": lines(lambda had: had.append(had[1])),
    "in another order": lines(lambda had: had.reverse()),
    "a field too few": lines(lambda had: had[0].pop("epochs")),
    "a further field": lines(lambda had: had[0].update(more=1)),
    "a number that may not be null": lines(lambda had: had[0].update(versions=None)),
    "an unknown word": lines(lambda had: had[0].update(keeps="much")),
}


@pytest.mark.parametrize("payload", OTHER_LINES.values(), ids=OTHER_LINES.keys())
def test_what_a_device_had_has_one_form(payload: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        open_receipt(dsse.sign(RECEIPT_TYPE, payload, [VAULT]), [VAULT.public])


def test_the_verdict_on_a_lost_device_says_what_it_had_and_what_a_removal_is_not() -> None:
    checks = verify_receipt(issue(receipt(EXPOSURE), VAULT), [VAULT.public]).checks

    assert [(each.name, each.detail) for each in checks[1:4]] == [
        ("it had", "phone: keys of 10 versions of 4 objects in 2 places"),
        ("it still gets", "until their owners hear of it: notes"),
        ("limit", "this stops new data; it does not reach into that machine"),
    ]
