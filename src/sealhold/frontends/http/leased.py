"""Reading for a run: the header that brings its lease, and the door that it leads to.

Source: docs/spec/26-processings.md section 9.
"""

from sealhold.frontends.http.api import Call
from sealhold.frontends.recordseam import PersonRecords

LEASE = "sealhold-processing"


def records_of(call: Call) -> PersonRecords:
    """Return the door for reading records: for a run, if the call brings its lease."""
    records, lease = call.vault.person_records, call.header(LEASE)
    return records.under(lease) if lease else records
