"""The keys of protected columns: by dataset, technique, what they are of, and version.

Source: docs/spec/55-protected-columns.md section 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag


class Keys(Protocol):
    """Gives the keys of columns."""

    def column_key(self, dataset: str, technique: str, domain: str, version: int) -> Secret:
        """Return a key of 32 bytes, the same for the same arguments."""
        ...

    def newest(self, dataset: str, technique: str, domain: str) -> int:
        """Return the version, from 1, with which is sealed now; older ones open."""
        ...

    def oldest(self, dataset: str, technique: str, domain: str) -> int:
        """Return the version from which on cells open."""
        ...


def _first(_dataset: str, _technique: str, _domain: str) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Derived:
    """Keys from one key for each dataset, by HKDF."""

    dataset_key: Callable[[str], Secret]
    versions: Callable[[str, str, str], int] = _first
    opens: Callable[[str, str, str], int] = _first

    def column_key(self, dataset: str, technique: str, domain: str, version: int) -> Secret:
        """Return a key of 32 bytes, the same for the same arguments."""
        parts = (technique.encode(), dataset.encode(), domain.encode(), version.to_bytes(4))
        return derive(self.dataset_key(dataset), Tag.PROTECTED_COLUMN, *parts)

    def newest(self, dataset: str, technique: str, domain: str) -> int:
        """Return the version, from 1, with which is sealed now; older ones open."""
        return self.versions(dataset, technique, domain)

    def oldest(self, dataset: str, technique: str, domain: str) -> int:
        """Return the version from which on cells open."""
        return self.opens(dataset, technique, domain)


class KeyName(NamedTuple):
    """Which key a technique works with, as `Keys` is asked for it."""

    dataset: str
    technique: str
    domain: str
    version: int
