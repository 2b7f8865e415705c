"""The records of people of the sample vault's apps: none, so each door is shut."""

from collections.abc import Sequence
from typing import NoReturn

from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection
from sealhold.model.personrecords import (
    CollectionRule,
    CollectionView,
    Content,
    Making,
    Reading,
    RecordPlace,
    Span,
)
from sealhold.model.repeats import Claim, Once
from tests.web.sample_people import APP


class SamplePersonRecords:
    """No collection, and a no to all that is asked for."""

    def collections(self, app_text: str) -> tuple[CollectionView, ...]:
        assert app_text
        return ()

    def collection(self, app_text: str, name: str) -> CollectionView:
        assert app_text
        return CollectionView(app=APP, collection=Collection(name), version=0, rule=None)

    def lay_down(
        self, app_text: str, name: str, rule: CollectionRule, passphrase: str
    ) -> CollectionView:
        raise DeniedError(f"{app_text} {name} {rule.category} {len(passphrase)}")

    def under(self, lease: str) -> "SamplePersonRecords":
        assert lease
        return self

    def get(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> NoReturn:
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {purpose}")

    def get_many(self, wanted: Sequence[Reading]) -> NoReturn:
        raise DeniedError(f"{len(wanted)} records")

    def put_many(self, wanted: Sequence[Making]) -> NoReturn:
        raise DeniedError(f"{len(wanted)} records")

    def get_version(
        self, token: str, id_text: str, collection: str, record_text: str, version: int,
        purpose: str,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {version} {purpose}")

    def versions(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> NoReturn:
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {purpose}")

    def page(
        self, token: str, id_text: str, collection: str, after_text: str, limit: int, purpose: str
    ) -> NoReturn:
        raise DeniedError(f"{token} {id_text} {collection} {after_text} {limit} {purpose}")

    def put(
        self, token: str, id_text: str, collection: str, record_text: str, content: Content,
        expected: int | None, purpose: str,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {len(content)} {expected}"
                          f" {purpose}")  # fmt: skip

    def patch(
        self, token: str, id_text: str, collection: str, record_text: str, patch: Plain,
        expected: int, purpose: str,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {patch is None} {expected}"
                          f" {purpose}")  # fmt: skip

    def delete(
        self, token: str, id_text: str, collection: str, record_text: str, expected: int,
        purpose: str,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {collection} {record_text} {expected} {purpose}")

    def bulk(
        self, token: str, id_text: str | None, lines: bytes, purpose: str,
        claim: Claim | None = None,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {len(lines)} {purpose} {claim is None}")

    def attachments(self, token: str, place: RecordPlace) -> NoReturn:
        raise DeniedError(f"{token} {place}")

    def attach(
        self, token: str, place: RecordPlace, number: int, media: str, content: bytes,
        expected: int | None,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{token} {place} {number} {media} {len(content)} {expected}")

    def attachment(self, token: str, place: RecordPlace, number: int, span: Span) -> NoReturn:
        raise DeniedError(f"{token} {place} {number} {span}")

    def detach(self, token: str, place: RecordPlace, number: int, expected: int) -> NoReturn:
        raise DeniedError(f"{token} {place} {number} {expected}")


class SampleRepeats:
    """Nothing was ever asked twice."""

    def claim(self, token: str, once: Once) -> NoReturn:
        raise DeniedError(f"{token} {once.route}")
