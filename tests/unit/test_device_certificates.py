"""Certificates of devices: what is written is read, and a chain leads to the root or nowhere."""

from dataclasses import replace

import pytest

from sealhold.crypto.hybrid import BoxPublic
from sealhold.crypto.rootid import RootId, RootIdentity, root_id
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import BadCertificateError, InvalidError
from sealhold.model.ids import CollectionId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import (
    MAX_CHAIN,
    Certificate,
    KeyUse,
    Role,
    check_chain,
    issue,
    issue_by_root,
    read_certificate,
)
from tests.unit.member_devices import COLLECTION, NOW, ROOT, ROOT_ID, by, by_root, device

LIMITED = Certificate(
    root=ROOT_ID,
    device=device("phone").id,
    signing=device("phone").signer.public,
    box=device("phone").box.public,
    role=Role.LIMITED,
    seq=7,
    keys=KeyUse.PER_USE,
    collections=frozenset({COLLECTION, CollectionId(Id16(b"d" * 16))}),
    not_after=NOW,
    issuer=device("laptop").id,
)


def test_what_was_certified_is_read_back() -> None:
    signed = read_certificate(issue(LIMITED, device("laptop").signer))

    assert signed.certificate == LIMITED


def test_a_chain_leads_from_the_root_to_a_device() -> None:
    chain = [by_root("laptop", 1), by("laptop", "desk", 2), by("desk", "phone", 3, Role.FULL)]

    assert check_chain(chain, ROOT_ID).device == device("phone").id


def test_a_chain_says_nothing_of_another_root() -> None:
    other = root_id(RootIdentity(Secret(b"o" * 32, "root")).public)

    with pytest.raises(BadCertificateError):
        check_chain([by_root("laptop", 1)], other)


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param([], id="empty"),
        pytest.param([by("laptop", "desk", 2)], id="without the root's"),
        pytest.param([by_root("laptop", 1), by("desk", "phone", 3)], id="a link is missing"),
        pytest.param([by_root("laptop", 1), by_root("desk", 2)], id="two by the root"),
        pytest.param([by_root("laptop", 1), *[by("laptop", "desk", 2)] * MAX_CHAIN], id="long"),
    ],
)
def test_a_chain_that_is_not_whole_is_refused(chain: list[bytes]) -> None:
    with pytest.raises(BadCertificateError):
        check_chain(chain, ROOT_ID)


def test_a_chain_ends_when_one_of_its_certificates_does() -> None:
    chain = [by_root("laptop", 1), issue(LIMITED, device("laptop").signer)]

    assert check_chain(chain, ROOT_ID, Instant(NOW - 1)) == LIMITED
    with pytest.raises(BadCertificateError):
        check_chain(chain, ROOT_ID, NOW)


@pytest.mark.parametrize(
    "bent",
    [
        pytest.param(replace(LIMITED, collections=None), id="limited to nothing"),
        pytest.param(replace(LIMITED, collections=frozenset()), id="limited to no collection"),
        pytest.param(replace(LIMITED, keys=KeyUse.NONE), id="limited without keys"),
        pytest.param(replace(LIMITED, seq=0), id="without a number"),
        pytest.param(replace(LIMITED, device=device("desk").id), id="another's id"),
        pytest.param(replace(LIMITED, role=Role.BLIND, collections=None), id="blind with keys"),
        pytest.param(replace(LIMITED, role=Role.ADMIN), id="an admin of some collections"),
        pytest.param(replace(LIMITED, root=RootId(b"r")), id="no root"),
        pytest.param(replace(LIMITED, box=BoxPublic(LIMITED.box[:-1])), id="half a key"),
        pytest.param(replace(LIMITED, issuer=device("desk").id), id="another issuer"),
    ],
)
def test_what_no_reader_takes_is_not_certified(bent: Certificate) -> None:
    with pytest.raises(InvalidError):
        issue(bent, device("laptop").signer)


def test_the_root_certifies_admins_of_its_own_alone() -> None:
    told = Certificate.of(device("phone"), root=ROOT_ID, role=Role.FULL, seq=1, issuer=None)

    with pytest.raises(InvalidError):
        issue_by_root(told, ROOT)
    with pytest.raises(InvalidError):
        issue_by_root(replace(told, role=Role.ADMIN, root=RootId(bytes(32))), ROOT)


@pytest.mark.parametrize("field", sorted("cdeikmrsuvw"))
def test_a_certificate_without_one_of_its_fields_is_refused(field: str) -> None:
    told, signature, public = unpack(by_root("laptop", 1))
    fields = unpack(told)
    del fields[field]

    with pytest.raises(InvalidError):
        read_certificate(pack([pack(fields), signature, public]))


def test_a_device_covers_the_collections_it_is_named_for() -> None:
    assert LIMITED.covers(COLLECTION)
    assert not LIMITED.covers(CollectionId(Id16(b"e" * 16)))
    assert read_certificate(by_root("laptop", 1)).certificate.covers(COLLECTION)
