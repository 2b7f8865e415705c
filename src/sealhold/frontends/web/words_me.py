"""The words of a person's own page, in English."""

from collections.abc import Mapping

ME: Mapping[str, str] = {
    "me.title": "Your data at {app}",
    "me.say": "{app} keeps this about you. Each look at it, by anybody, is written down.",
    "me.since": "kept since {since}",
    "me.leave": "Sign out",
    "me.kept": "What is kept",
    "me.nothing": "Nothing is kept in your profile.",
    "me.name": "What",
    "me.value": "Value",
    "me.why": "What it may be used for",
    "me.to": "to {purpose}",
    "me.days": "Kept",
    "me.until_out": "until it is taken out",
    "me.for_days": "{days} days after it was written",
    "me.sensitive": "sensitive",
    "me.yes": "yes",
    "me.no": "no",
    "me.can": "What you can do",
    "me.erase": "Erase everything",
    "me.erase_say": "The keys to all that {app} keeps about you here are destroyed.",
    "me.erase_look": "Look at what would go",
    "me.no_choice": "You came by a link. Since you have a passkey, only that can change anything:"
    " sign in with it.",
    "me.in_title": "Your own page",
    "me.in_say": "You come here by a link from the app that keeps your data. It is good once, for"
    " 15 minutes.",
    "me.in_open": "Open my page",
    "me.in_ask": "Ask the app for a new link.",
    "me.in_gone": "<b>This link is over.</b> It was used already, or more than 15 minutes ago.",
    "me.erase_title": "Erase everything about you",
    "me.erase_what": "What goes",
    "me.erase_fields": "{number} fields of your profile, all else that {app} keeps about you here,"
    " and every key to it",
    "me.erase_stays": "What stays: a receipt without your name, and what {app} has read before and"
    " keeps elsewhere.",
    "me.erase_sure": "I understand that nobody can bring it back",
    "me.erase_do": "Erase now",
    "me.erase_not": "Keep it",
    "me.erase_unsure": "the tick that says you are sure is missing",
    "me.gone_title": "Everything about you was erased",
    "me.gone_say": "Keep this number. It names the receipt, which the app has too.",
    "me.gone_receipt": "Receipt",
    "me.gone_at": "Erased",
    "me.gone_backups": "Older copies of the vault are made unreadable within a day.",
}
