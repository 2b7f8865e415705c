"""Where the rows and packs of a vault lie: in its folder, or on servers that are not trusted.

- `stores.toml` in the vault's folder names the servers; keys never leave the folder.
- Off this machine only an address with a certificate that is checked is taken.
- No password stands in an address: PostgreSQL's own come from PGPASSFILE or PGPASSWORD, those of a
  bucket from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

Source: docs/spec/04-stores.md section 13.
"""
# ruff: noqa: PLC0415  reason: the clients are extras, loaded when a vault lies there

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from sealhold.model.clock import Entropy
from sealhold.model.errors import ExtraMissingError, InvalidSettingsError
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.stores.sqlclient import SqlClient
from sealhold.vault.home import Home

HERE: Final = {"localhost", "127.0.0.1", "::1"}
CHECKED: Final = {"verify-ca", "verify-full"}  # ways in which libpq checks a certificate
SCHEMA: Final = "sealhold"
REGION: Final = "us-east-1"
_S3_KEY: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_KNOWN: Final = ("records", "objects")
_IN_S3: Final = {"endpoint", "region"}
_PROBE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses of servers; empty where a part lies in the vault's own folder."""

    records: str = ""  # postgresql://user@host:port/database?schema=NAME
    objects: str = ""  # s3://bucket/folder?endpoint=https://host

    def __post_init__(self) -> None:
        if self.records:
            _check_records(urlsplit(self.records))
        if self.objects:
            _check_objects(urlsplit(self.objects))

    def told(self) -> dict[str, str]:
        """Return the parts that lie elsewhere, and where."""
        return {name: getattr(self, name) for name in _KNOWN if getattr(self, name)}

    def text(self) -> bytes:
        """Return what `stores.toml` holds; nothing if all lies in the folder."""
        return "".join(f'{name} = "{place}"\n' for name, place in self.told().items()).encode()


def places_of(home: Home) -> Places:
    """Return where the parts of a vault lie.

    Raises:
        InvalidSettingsError: `stores.toml` is none, or names what cannot be.
    """
    path = home.stores
    try:
        told = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Places()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise InvalidSettingsError(f"`{path.name}` cannot be read") from err
    if told.keys() - set(_KNOWN) or not all(isinstance(each, str) for each in told.values()):
        raise InvalidSettingsError(f"`{path.name}` names `records` and `objects`, and no more")
    return Places(**told)


def record_store(home: Home, places: Places) -> RecordStore:
    """Return the store of a vault's rows; nothing is connected to.

    Raises:
        ExtraMissingError: the client of PostgreSQL is not installed.
    """
    if not places.records:
        return SqlCipherStore(home.data)
    client, schema = sql_place(places)
    from sealhold.stores.backends.postgres import PostgresStore

    return PostgresStore(client, schema)


def sql_place(places: Places) -> tuple[SqlClient, str]:
    """Return the way to the server that `places` names, and the schema; nothing is connected to.

    Raises:
        ExtraMissingError: the client of PostgreSQL is not installed.
    """
    try:
        from sealhold.net.pg import PgClient
    except ModuleNotFoundError as err:
        raise ExtraMissingError("rows on a server need `sealhold[postgres]`") from err

    address = urlsplit(places.records)
    words = dict(parse_qsl(address.query))
    schema = words.pop("schema", SCHEMA)
    return PgClient(address._replace(query=urlencode(words)).geturl()), schema


def object_store(
    home: Home, places: Places, entropy: Entropy, environment: Mapping[str, str] = os.environ
) -> ObjectStore:
    """Return the store of a vault's packs; a bucket is tried first.

    Raises:
        ExtraMissingError: the client of buckets is not installed.
        InvalidSettingsError: no credentials for the bucket are given.
        UnfitBucketError: the bucket does not do what is needed.
        StoreUnavailableError: it does not answer.
    """
    if not places.objects:
        return LocalDir(home.objects)
    return bucket_store(places, entropy, environment)


def bucket_store(
    places: Places, entropy: Entropy, environment: Mapping[str, str] = os.environ
) -> ObjectStore:
    """Return the bucket that `places` names, after a trial.

    Raises:
        ExtraMissingError: the client of buckets is not installed.
        InvalidSettingsError: no credentials for the bucket are given.
        UnfitBucketError: the bucket does not do what is needed.
        StoreUnavailableError: it does not answer.
    """
    try:
        from sealhold.net.buckets import S3Bucket, S3Place
    except ModuleNotFoundError as err:
        raise ExtraMissingError("packs in a bucket need `sealhold[bucket]`") from err
    from sealhold.stores.backends.bucket import BucketObjects

    key, secret = (environment.get(name, "") for name in _S3_KEY)
    if not (key and secret):
        raise InvalidSettingsError(f"the bucket needs {' and '.join(_S3_KEY)}")
    address = urlsplit(places.objects)
    words = dict(parse_qsl(address.query))
    place = S3Place(
        endpoint=words["endpoint"],
        bucket=address.netloc,
        access_key=key,
        secret_key=secret,
        region=words.get("region", REGION),
        folder=address.path.strip("/"),
    )
    return BucketObjects(S3Bucket(place), entropy(_PROBE_BYTES).hex())


def _check_records(address: SplitResult) -> None:
    if address.scheme not in {"postgresql", "postgres"} or not address.hostname:
        raise InvalidSettingsError("rows lie at postgresql://USER@HOST/DATABASE?schema=NAME")
    _check_quiet(address)
    words = dict(parse_qsl(address.query))
    # THREAT T215: an address off this machine is reached under a certificate that is checked
    if address.hostname not in HERE and words.get("sslmode") not in CHECKED:
        raise InvalidSettingsError("off this machine rows need `sslmode=verify-full`")


def _check_objects(address: SplitResult) -> None:
    words = dict(parse_qsl(address.query))
    if address.scheme != "s3" or not address.netloc or not words.get("endpoint"):
        raise InvalidSettingsError("packs lie at s3://BUCKET/FOLDER?endpoint=https://HOST")
    if words.keys() - _IN_S3:
        raise InvalidSettingsError(f"a bucket's address names {' and '.join(sorted(_IN_S3))} alone")
    _check_quiet(address)
    end = urlsplit(words["endpoint"])
    if end.scheme != "https" and not (end.scheme == "http" and end.hostname in HERE):
        raise InvalidSettingsError("off this machine a bucket is reached by https")
    _check_quiet(end)


def _check_quiet(address: SplitResult) -> None:
    words = {name.lower() for name, _ in parse_qsl(address.query)}
    # THREAT T216: an address stands in a file, on a command line and in messages
    if address.password or words & {"password", "passfile", "secret", "secret_key"}:
        raise InvalidSettingsError("a password does not belong into an address")
    if any(letter in address.geturl() for letter in '"\\\n\r'):
        raise InvalidSettingsError("an address has no quote and no end of line")
