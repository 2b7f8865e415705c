"""Every word that a page says, in English.

- A key is `page.thing`; `{names}` are set in escaped. A text may hold plain inline tags.
- Plain verbs, no blame, no exclamation mark; figures always with their unit.

Source: docs/spec/20-faces.md section 4.
"""

from collections.abc import Mapping

from sealhold.frontends.web.words_asking import ASKING
from sealhold.frontends.web.words_data import DATA
from sealhold.frontends.web.words_devices import DEVICES
from sealhold.frontends.web.words_login import LOGIN
from sealhold.frontends.web.words_me import ME
from sealhold.frontends.web.words_policies import POLICIES
from sealhold.frontends.web.words_sharing import SHARING
from sealhold.frontends.web.words_sources import SOURCES
from sealhold.frontends.web.words_statement import STATEMENT

FRAME: Mapping[str, str] = {
    # frame
    "frame.skip": "Skip to the content",
    "frame.demo": "Demo: nobody here is real.",
    "frame.demo_passphrase": "Alice’s passphrase: <code>{passphrase}</code>",
    "frame.demo_own": "Make it yours: <code>sealhold init</code>",
    "frame.nav": "Main",
    "frame.nav_small": "Main, small screens",
    "frame.menu": "Menu",
    "frame.waiting": "waiting",
    "frame.scheme": "Change between light and dark",
    "frame.lock": "Lock",
    "frame.idle": "Your sign-in ends after 15 minutes without use.",
    "frame.closed": "Your data stays. Answers leave.",
    "frame.log": "Log: {size} entries, root {root}",
    "nav.home": "Home",
    "nav.timeline": "Timeline",
    "nav.requests": "Requests",
    "nav.policies": "Rules",
    "nav.apps": "Apps",
    "nav.sources": "Sources",
    "nav.sharing": "Sharing",
    "nav.devices": "Devices",
    "nav.ledger": "Ledger",
    "nav.status": "Status",
    # unlock
    "unlock.title": "Open your vault",
    "unlock.passphrase": "Passphrase",
    "unlock.open": "Unlock",
    "unlock.wrong": "<b>That passphrase does not open this vault.</b> Caps Lock and the keyboard"
    " layout are the usual causes.",
    "unlock.say": "The passphrase opens the keys on this machine. It is sent nowhere else.",
    "unlock.say_demo": "This is a demo: the passphrase was printed where it was started.",
    "unlock.elsewhere": "A link on another site or in another program led here, so your sign-in"
    " stayed at home.",
    "unlock.continue": "Continue in your vault",
    # states
    "state.received": "Received",
    "state.waiting": "Waits for you",
    "state.allowed": "Allowed",
    "state.refused": "Refused",
    "state.expired": "Expired",
    "state.withdrawn": "Withdrawn",
    "state.superseded": "Replaced by a newer one",
    "state.spent": "Answered",
    "state.suspended": "Stopped",
    "state.revoked": "Revoked",
    "state.active": "Active",
    "state.removed": "Removed",
    "state.done": "In order",
    "state.done_with_rejects": "In order, some skipped",
    "state.running": "Running",
    "state.failed": "Not read",
    "state.suspicious": "Read, and odd",
    "state.added": "Not read yet",
    "state.undone": "Taken back",
    "state.paused": "Paused",
    "state.broken": "Changed, needs you",
    "state.needs_login": "Needs its password",
    "mode.once": "Once",
    "mode.until": "Whenever they ask",
    "mode.each": "After asking me",
    "meter.of": "<b>{used}</b> of {cap} bits",
    "meter.now_after": "<b>{now}</b> now, <b>{after}</b> after, of {cap} bits",
    # home
    "home.nobody": "Nothing waits for you",
    "home.one": "One request waits for you",
    "home.many": "{number} requests wait for you",
    "home.nth": "{nth} request from this key. Ends {ends}.",
    "home.wants": "Wants to know one number: {label}. {purpose} The records stay here.",
    "home.decide": "Read and decide",
    "home.would_leave": "Would leave, for example",
    "home.example": "a whole number from {first} to {last}; made-up data, your own was not read",
    "home.apart": "it can tell apart {number} answers",
    "home.more_waiting": "And {number} more",
    "home.nothing_waits": "Nobody is asking",
    "home.nothing_waits_say": "When an app asks, its request stands here, with what it would"
    " learn.",
    "home.no_items": "Your vault is empty",
    "home.no_items_say": "Bring in a file: mail, calendar, contacts, tracks or bookings. It is"
    " sealed on this machine and sent nowhere.",
    "home.today": "Today in your data",
    "home.today_sum": "items: {items}, uses: {uses}",
    "home.key_bars": "Bars: items by the hour",
    "home.key_uses": "Triangles: uses by others",
    "home.none_came": "No item came in today",
    "home.some_came": "{number} items came in today, most of them after {hour:02d}:00",
    "home.never_used": "your data was not used.",
    "home.used_once": "your data was used once.",
    "home.used": "your data was used {number} times.",
    "home.now": "now",
    "home.answer": "answered with {value}",
    "home.as_table": "The same as a table",
    "home.hour": "Hour",
    "home.items": "Items",
    "home.all_items": "All {number} items",
    "home.told": "Told in {year}",
    "home.would_take": "What waits would take {pending} bits and leave {left}.",
    "home.all_sources": "All sources",
    "home.source_items": "{number} items",
    "home.no_source": "No file was imported yet.",
    "home.log": "Log",
    "home.entries": "{number} entries",
    "home.root": "Root",
    "log.whole": "verified whole",
    "log.unread": "not verified since the start",
    "log.broken": '<b class="wrong">broken</b>',
    "coach.title": "Three things to try",
    "coach.close": "Close",
    "coach.open": "Show",
    "coach.answer": "Answer a request once",
    "coach.answer_say": "See what would leave and what it tells, then allow it and look at the"
    " receipt.",
    "coach.verify": "Verify the log",
    "coach.verify_say": "Your browser recomputes the root from every entry.",
    "coach.search": "Search your own data",
    "coach.search_say": "Try “dentist”. Searching it yourself costs nothing.",
    # errors
    "error.safe": "What is safe",
    "error.do": "What to do",
    "error.code": "Code",
    "error.go_home": "Start from Home, or search for it.",
    "error.home": "Go to Home",
    "error.bug": "Something broke",
    "error.usage": "This cannot be done this way",
    "error.denied": "Not allowed",
    "error.notfound": "Nothing of that name is here",
    "error.invalid": "This could not be read",
    "error.tampered": "Something was changed that must not change",
    "error.unavailable": "A part does not answer",
    "error.exhausted": "The budget is used up",
    "error.conflict": "The state has moved",
    "error.nothing_changed": "Nothing was changed, and nothing left the vault.",
    "error.in_ledger": "What left the vault is in the ledger, and nothing else did.",
}
ENGLISH: Mapping[str, str] = {
    **FRAME,
    **ASKING,
    **DATA,
    **DEVICES,
    **LOGIN,
    **ME,
    **POLICIES,
    **SHARING,
    **SOURCES,
    **STATEMENT,
}


def text(key: str, **values: object) -> str:
    """Return the text of `key` with `values` set in, not escaped."""
    return ENGLISH[key].format(**values)
