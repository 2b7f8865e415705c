"""The commands about other people.

Source: docs/spec/20-faces.md section 8, docs/spec/51-contacts.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function


def _card() -> Function:
    from sealhold.frontends.cli.contact_card import contact_card

    return contact_card


def _add() -> Function:
    from sealhold.frontends.cli.contact_add import contact_add

    return contact_add


def _list() -> Function:
    from sealhold.frontends.cli.contact_add import contact_list

    return contact_list


def _show() -> Function:
    from sealhold.frontends.cli.contact_add import contact_show

    return contact_show


def _verify() -> Function:
    from sealhold.frontends.cli.contact_change import contact_verify

    return contact_verify


def _allow() -> Function:
    from sealhold.frontends.cli.contact_change import contact_allow

    return contact_allow


def _rename() -> Function:
    from sealhold.frontends.cli.contact_change import contact_rename

    return contact_rename


def _remove() -> Function:
    from sealhold.frontends.cli.contact_change import contact_remove

    return contact_remove


def _send() -> Function:
    from sealhold.frontends.cli.contact_letters import contact_send

    return contact_send


def _letters() -> Function:
    from sealhold.frontends.cli.contact_letters import contact_letters

    return contact_letters


def _take() -> Function:
    from sealhold.frontends.cli.contact_letters import contact_take

    return contact_take


def _dismiss() -> Function:
    from sealhold.frontends.cli.contact_letters import contact_dismiss

    return contact_dismiss


CONTACT: Mapping[str, Entry] = {
    "card": Entry(
        about="Show your card: what others need to write to you and to share with you.",
        example="contact card --name Anna --file anna.card",
        load=_card,
    ),
    "add": Entry(
        about="Take in somebody's card; they are not verified before they read their words to you.",
        example="contact add ben.card",
        load=_add,
    ),
    "list": Entry(
        about="List the people that you know.",
        example="contact list",
        load=_list,
    ),
    "show": Entry(
        about="Show what is known of somebody, and the words that they would read to you.",
        example="contact show Ben",
        load=_show,
    ),
    "verify": Entry(
        about="Take somebody for verified, by the twelve words that they read to you.",
        example="contact verify Ben",
        load=_verify,
    ),
    "allow": Entry(
        about="Have letters to somebody go to the relays that their newest card names.",
        example="contact allow Ben",
        load=_allow,
    ),
    "rename": Entry(
        about="Call somebody otherwise; they do not hear of it.",
        example="contact rename Ben Benjamin",
        load=_rename,
    ),
    "remove": Entry(
        about="Forget somebody: nothing of theirs is taken in any more, and nothing goes to them.",
        example="contact remove Ben",
        load=_remove,
    ),
    "send": Entry(
        about="Send your newest card to somebody you know, sealed: it goes with the next sync.",
        example="contact send Ben",
        load=_send,
    ),
    "letters": Entry(
        about="List letters that wait: to be left for somebody, or to be taken in.",
        example="contact letters",
        load=_letters,
    ),
    "take": Entry(
        about="Take in a sealed letter that came as a file.",
        example="contact take ben.letter",
        load=_take,
    ),
    "dismiss": Entry(
        about="Forget the letters that wait of a sender.",
        example="contact dismiss 0123456789ab",
        load=_dismiss,
    ),
}
