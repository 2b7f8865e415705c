"""What a face may ask of access by third parties: rules written ahead, and the inbox.

A part of the contract in `seam.py`, whose rules hold here too.

Source: docs/spec/39-dataware.md.
"""

from typing import Protocol

from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.shown.dataware import (
    InboxLine,
    RuleChoices,
    RuleDraft,
    RuleLook,
    RuleView,
    ShowingView,
)


class Policies(Protocol):
    """The owner's standing rules."""

    def list(self) -> tuple[RuleView, ...]:
        """Return every rule, the oldest first."""
        ...

    def show(self, id_text: str) -> RuleView:
        """Return one rule.

        Raises:
            NotFoundError: no rule of that id.
        """
        ...

    def showing(self) -> tuple[ShowingView, ...]:
        """Return what each app hears of when it asks what there is."""
        ...

    def choices(self) -> RuleChoices:
        """Return what a rule may name: the datasets with their columns, and the purposes."""
        ...

    def look(self, draft: RuleDraft) -> RuleLook:
        """Return what a rule would have had to say of each request so far; nothing changes.

        Raises:
            InvalidError: it is no rule that can be kept.
            NotFoundError: it names an app that there is not.
        """
        ...

    def add(self, draft: RuleDraft, passphrase: str) -> RuleView:
        """Keep a rule; it takes hold of each request that comes in from now on.

        Raises:
            InvalidError: it is no rule that can be kept.
            NotFoundError: it names an app that there is not.
            WrongPassphraseError: the owner is not proven.
        """
        ...

    def remove(self, id_text: str, passphrase: str) -> RuleView:
        """Take a rule back; what it allowed stays until it is revoked.

        Raises:
            NotFoundError: no rule of that id.
            WrongPassphraseError: the owner is not proven.
        """
        ...


class PolicyTokens(Protocol):
    """Media that grants hang on."""

    def all(self) -> tuple[PolicyTokenView, ...]:
        """Return every token, those that end last first; they are looked for at this moment."""
        ...

    def revoke(self, id_text: str, passphrase: str = "") -> PolicyTokenView:
        """End a token wherever it is; grants that were bound to it stay bound.

        Raises:
            NotFoundError: there is none of that id.
            WrongPassphraseError: it narrows, and the owner is not proven.
            ConflictError: it was revoked before.
        """
        ...


class Dataware(Protocol):
    """Access by third parties, beside single requests."""

    @property
    def tokens(self) -> PolicyTokens:
        """Media that grants hang on."""
        ...

    @property
    def policies(self) -> Policies:
        """The owner's standing rules."""
        ...

    def inbox(self) -> tuple[InboxLine, ...]:
        """Return the requests that wait, each with what is new in it."""
        ...
