"""Papers that pass between devices when one joins: what is asked, and what is given.

- All of it travels inside the seal of a pairing; lengths and types are checked all the same.

Source: docs/spec/11-exchange-and-op-log.md section 8.
"""

from dataclasses import dataclass
from enum import StrEnum

from sealhold.crypto.digest import mac16
from sealhold.crypto.hybrid import BOX_PUBLIC_BYTES, BoxPublic, box_public
from sealhold.crypto.rootid import RootId
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.ids import ID_BYTES, CollectionId, Id16
from sealhold.sharing.devices.certs import MAX_CERTIFICATE, MAX_CHAIN, ROOT_ID_BYTES
from sealhold.sharing.devices.names import Mailbox

FORM = 1
SECRET_BYTES = 32
MAX_NAME = 64  # characters
MAX_KIND = 16  # characters
MAX_ADDRESS = 1_024
MAX_TOKEN = 200
MAX_CARRIERS = 16
MAX_GIVEN = 256  # collections that a newcomer is told of


class Holds(StrEnum):
    """What a collection is for."""

    HOME = "home"  # the person's devices and collections themselves
    FILES = "files"
    DOCUMENTS = "documents"  # that several devices edit at once
    RECORDS = "records"
    SHARE = "share"  # what is shared with other people


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A carrier as devices tell each other of it.

    Raises:
        InvalidError: a text of it is too long.
    """

    kind: str  # `relay`, `bucket` or `folder`
    address: str
    token: str = ""  # what it lets this person in with

    def __post_init__(self) -> None:
        # THREAT T595: what is told of a collection fits a note, whoever tells it
        bounds = (MAX_KIND, MAX_ADDRESS, MAX_TOKEN)
        texts = (self.kind, self.address, self.token)
        if any(len(text) > most for text, most in zip(texts, bounds, strict=True)):
            raise InvalidError(
                f"a place has {MAX_ADDRESS:,} letters at most, its token {MAX_TOKEN}"
            )

    def told(self) -> list[Plain]:
        """Return this as it is kept and sent, inside a seal."""
        return [self.kind, self.address, self.token]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a device knows of a collection before it has any of it.

    Raises:
        InvalidError: a name that none has.
    """

    id: CollectionId
    holds: Holds
    name: str
    secret: Secret
    root: RootId | None = None  # of another person, whose it is; None: the own one
    ways: tuple[Way, ...] = ()  # where another person's lies; `token` is for this collection

    def __post_init__(self) -> None:
        checked_name(self.name)

    def told(self) -> list[Plain]:
        """Return this as it is kept and sent, inside a seal."""
        ways = [each.told() for each in self.ways]
        secret = self.secret.reveal()
        return [FORM, self.id, self.holds.value, self.name, secret, self.root or b"", ways]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a newcomer is given."""

    root: RootId
    chain: tuple[bytes, ...]  # certificates, the newcomer's last
    collections: tuple[About, ...]
    ways: tuple[Way, ...]
    tokens: tuple[tuple[CollectionId, int, str], ...] = ()  # collection, number of a way, token

    def encoded(self) -> bytes:
        """Return this as it is sent."""
        collections = [each.told() for each in self.collections]
        ways = [each.told() for each in self.ways]
        tokens = [list(each) for each in self.tokens]
        return pack([FORM, self.root, list(self.chain), collections, ways, tokens])


def mailbox(secret: Secret, way: Way) -> Mailbox:
    """Return the mailbox of the collection whose secret is given, at a carrier.

    A folder lies elsewhere on each device, so its path is no part of the name.
    """
    return Mailbox.at(secret, way.kind, "" if way.kind == "folder" else way.address)


def carrier_id(way: Way, base: Secret) -> bytes:
    """Return the 16 bytes by which a device calls a carrier; `base` is a secret of its vault."""
    return mac16(base, Tag.MAILBOX, way.kind.encode(), way.address.encode())


def read_given(data: bytes) -> Given:
    """Return what a newcomer was given.

    Raises:
        InvalidEncodingError: not as it is given.
    """
    match unpack(data):
        case [1, bytes(root), list(chain), list(collections), list(ways), list(tokens)] if (
            len(root) == ROOT_ID_BYTES
            and 1 < len(chain) <= MAX_CHAIN
            and all(type(each) is bytes and len(each) <= MAX_CERTIFICATE for each in chain)
            and 0 < len(collections) <= MAX_GIVEN
            and len(ways) <= MAX_CARRIERS
        ):
            return Given(
                root=RootId(root),
                chain=tuple(chain),
                collections=tuple(read_about(each) for each in collections),
                ways=tuple(read_way(each) for each in ways),
                tokens=tuple(_token(each, len(ways)) for each in tokens),
            )
        case _:
            raise InvalidEncodingError("what a newcomer is given is not as it must be")


def _token(told: Plain, ways: int) -> tuple[CollectionId, int, str]:
    match told:
        case [bytes(collection), int(way), str(token)] if (
            len(collection) == ID_BYTES and 0 <= way < ways
        ):
            return CollectionId(Id16(collection)), way, token
        case _:
            raise InvalidEncodingError("a token of a carrier is not told as it must be")


def read_about(told: Plain) -> About:
    """Return what was told of a collection.

    Raises:
        InvalidEncodingError: not as it is told.
    """
    match told:
        case [
            1,
            bytes(name),
            str(holds),
            str(called),
            bytes(secret),
            bytes(root),
            list(ways),
        ] if (
            len(name) == ID_BYTES
            and len(secret) == SECRET_BYTES
            and holds in tuple(Holds)
            and len(root) in {0, ROOT_ID_BYTES}
            and len(ways) <= MAX_CARRIERS
        ):
            carriers = tuple(read_way(each) for each in ways)
            try:
                return About(
                    id=CollectionId(Id16(name)),
                    holds=Holds(holds),
                    name=called,
                    secret=Secret(secret, "collection secret"),
                    root=RootId(root) if root else None,
                    ways=carriers,
                )
            except InvalidError as err:
                raise InvalidEncodingError("a collection with a name that none has") from err
        case _:
            raise InvalidEncodingError("a collection is not told as it must be")


def read_way(told: Plain) -> Way:
    """Return what was told of a carrier.

    Raises:
        InvalidEncodingError: not as it is told.
    """
    match told:
        case [str(kind), str(address), str(token)]:
            try:
                return Way(kind=kind, address=address, token=token)
            except InvalidError as err:
                raise InvalidEncodingError("a carrier of which too much is told") from err
        case _:
            raise InvalidEncodingError("a carrier is not told as it must be")


def request(name: str, prekey: bytes) -> bytes:
    """Return what a newcomer asks with: its name, and its prekey as it publishes it."""
    return pack([FORM, checked_name(name), prekey])


def read_request(data: bytes) -> tuple[str, bytes]:
    """Return name and prekey of a newcomer.

    Raises:
        InvalidEncodingError: not as a newcomer asks.
    """
    match unpack(data):
        case [1, str(name), bytes(prekey)]:
            try:
                return checked_name(name), prekey
            except InvalidError as err:
                raise InvalidEncodingError("a newcomer without a name") from err
        case _:
            raise InvalidEncodingError("a newcomer asks with a name and a prekey")


def read_keys(keys: bytes) -> tuple[PublicKey, BoxPublic]:
    """Return the signing and the box key that a pairing showed.

    Raises:
        InvalidEncodingError: not of that length, or no key to be sealed to.
    """
    if len(keys) != PUBLIC_BYTES + BOX_PUBLIC_BYTES:
        raise InvalidEncodingError("keys of a newcomer have another length")
    return PublicKey(keys[:PUBLIC_BYTES]), box_public(keys[PUBLIC_BYTES:])


def checked_name(name: str) -> str:
    """Return a name of a device or collection.

    Raises:
        InvalidError: empty, too long, or with signs that no name has.
    """
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise InvalidError(f"a name has 1 to {MAX_NAME} letters that can be shown")
    return name
