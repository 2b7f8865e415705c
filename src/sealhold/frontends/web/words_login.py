"""The words of signing in through a provider, in English."""

from collections.abc import Mapping

LOGIN: Mapping[str, str] = {
    "login.or": "or",
    "login.with": "Sign in with {provider}",
    "login.say": "Signing in elsewhere opens pages while this vault is unlocked. It unlocks"
    " nothing, and what asks for the passphrase still asks for it.",
    "login.go_title": "On the way to {host}",
    "login.go_say": "You sign in there, and come back here. It is told the address of this vault's"
    " pages, and nothing that is in them.",
    "login.go": "Go on to {host}",
    "login.back_title": "You are back",
    "login.back_say": "Signing in is done with this button, once and within ten minutes.",
    "login.back": "Sign in",
    "login.no_title": "This does not let you in",
    "login.no": "<b>This sign-in does not hold.</b> It may be over, or have begun in another"
    " browser. Begin anew.",
    "login.unbound": "<b>Nobody enters here by this account.</b> The owner can let it in at the"
    " command line:",
    "login.again": "To the sign-in page",
    "login.officer_title": "You are signed in as an officer",
    "login.officer_say": "This token is said once. With it you call the API for data protection, as"
    " <code>Authorization: Bearer</code>. The one that you had from here before has ended.",
    "login.officer_token": "Token",
    "login.officer_until": "Ends",
}
