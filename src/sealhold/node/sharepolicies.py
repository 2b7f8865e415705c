"""Shares written down as policies in ODRL, and read again.

Source: docs/spec/49-sharing.md section 9.
"""

from sealhold.model.encoding import Plain, from_json
from sealhold.policy.odrl import export_odrl
from sealhold.policy.odrlread import import_odrl
from sealhold.policy.share import Clauses
from sealhold.sharing.peers.sharepaper import Record


def policy_of(record: Record) -> dict[str, Plain]:
    """Return what a share says, as its owner wrote it, as a policy in ODRL."""
    return export_odrl(record.grant, record.clauses)


def clauses_in(data: bytes) -> Clauses:
    """Return the clauses that a policy in ODRL says; its own id is not taken over.

    Raises:
        InvalidEncodingError: it is no JSON.
        InvalidGrantError: something in it is not understood, and is named.
    """
    return import_odrl(from_json(data))[1]
