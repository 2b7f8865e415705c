"""The page that verifies proofs in a browser: one file that needs nothing else.

- It is served as it lies on the disk, to anybody: it shows nothing of a vault. Saved, it works from
  the disk of whoever verifies.
- Its own policy names its one script and its one style by digest and allows no request at all; as a
  header it says besides that nobody frames it.

Source: docs/spec/10-proof.md section 9; docs/spec/20-faces.md section 5.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "static" / "verifier.html"
PATH = "/verifier"
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierPage:
    """The page as it is served."""

    html: str
    policy: str


def page() -> VerifierPage:
    """Return the page with its policy."""
    html = FILE.read_text()
    found = POLICY.search(html)
    assert found is not None  # noqa: S101 - reason: the file is ours, and a test reads it
    # THREAT T61: no script but its own, no frame, and no way out to any network.
    return VerifierPage(html=html, policy=f"{found[1]}; frame-ancestors 'none'")
