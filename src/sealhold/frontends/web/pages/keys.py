"""What opens the vault, what is left if that is lost, and which keys there are; never one of them.

Source: docs/spec/20-faces.md section 9.
"""

from sealhold.frontends.web.visit import Outcome, Page, Visit

WAYS = frozenset({"passphrase", "keyfile", "environment", "tpm", "pkcs11", "vault"})
MANY = 200  # keys that are listed


def show(visit: Visit) -> Outcome:
    """Return the page."""
    keeping = visit.vault.circle.keeping()
    return Page(
        template="keys.html",
        values={
            "keeping": keeping,
            "way": keeping.way if keeping.way in WAYS else "other",
            "listed": keeping.keys.keys[:MANY],
        },
    )
