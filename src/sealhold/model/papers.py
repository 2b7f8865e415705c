"""JSON Schemas of the papers that others read, as files of this package.

Source: docs/spec/26-processings.md section 6, docs/spec/27-rights.md section 11.
"""

from importlib.resources import files

CONSENT_RECORD = "consent-record.schema.json"
ROPA = "ropa.schema.json"


def paper_schema(name: str) -> bytes:
    """Return a schema of this package, as JSON."""
    return (files("sealhold.model") / name).read_bytes()
