"""What a face may ask of the vault about sign-ins through providers: a part of `seam.py`.

Source: docs/spec/30-access.md section 9.
"""

from typing import Protocol

from sealhold.model.logins import Begun, CameBack, Entered


class Logins(Protocol):
    """Sign-ins through OpenID providers, of an open vault."""

    def begin(self, name: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with a provider.

        Raises:
            NotFoundError: there is no such provider.
            ProviderAwayError: it does not answer.
        """
        ...

    def finish(self, came: CameBack, origin: str) -> Entered:
        """Let in whoever came back from a provider, if the owner said that they may enter.

        Raises:
            UnboundLoginError: they are who they say, and nobody said that they may enter.
            DeniedError: it does not hold; the same for every other reason.
            ProviderAwayError: the provider does not answer.
        """
        ...
