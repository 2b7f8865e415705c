"""The commands of one's own vault: made, filled, served, searched, asked.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group
from sealhold.frontends.cli.tree.jobs import JOB
from sealhold.frontends.cli.tree.logins import LOGIN
from sealhold.frontends.cli.tree.snapshots import SNAPSHOT
from sealhold.frontends.cli.tree.sources import SOURCE


def _init() -> Function:
    from sealhold.frontends.cli.init import init

    return init


def _serve() -> Function:
    from sealhold.frontends.cli.serve import serve

    return serve


def _status() -> Function:
    from sealhold.frontends.cli.status import status

    return status


def _import() -> Function:
    from sealhold.frontends.cli.import_ import import_

    return import_


def _search() -> Function:
    from sealhold.frontends.cli.search import search

    return search


def _query() -> Function:
    from sealhold.frontends.cli.query import query

    return query


def _erase() -> Function:
    from sealhold.frontends.cli.erase import erase

    return erase


def _key_list() -> Function:
    from sealhold.frontends.cli.key_list import key_list

    return key_list


def _key_close() -> Function:
    from sealhold.frontends.cli.key_close import key_close

    return key_close


def _backup_check() -> Function:
    from sealhold.frontends.cli.backup_check import backup_check

    return backup_check


def _backup_prune() -> Function:
    from sealhold.frontends.cli.backup_prune import backup_prune

    return backup_prune


def _backup_recovery() -> Function:
    from sealhold.frontends.cli.backup_recovery import backup_recovery

    return backup_recovery


def _backup_make() -> Function:
    from sealhold.frontends.cli.backup_make import backup_make

    return backup_make


def _backup_slots() -> Function:
    from sealhold.frontends.cli.backup_slots import backup_slots

    return backup_slots


def _backup_verify() -> Function:
    from sealhold.frontends.cli.backup_verify import backup_verify

    return backup_verify


def _restore() -> Function:
    from sealhold.frontends.cli.restore import restore

    return restore


def _upgrade() -> Function:
    from sealhold.frontends.cli.upgrade import upgrade

    return upgrade


def _service_token() -> Function:
    from sealhold.frontends.cli.service_token import service_token

    return service_token


def _service_grants() -> Function:
    from sealhold.frontends.cli.service_grants import service_grants

    return service_grants


def _service_unit() -> Function:
    from sealhold.frontends.cli.service_unit import service_unit

    return service_unit


BACKUP = {
    "check": Entry(
        about="Look that all backups of a place are there, and read a sample.",
        example="backup check Backups",
        load=_backup_check,
    ),
    "make": Entry(
        about="Copy your vault to a folder, a stick or a bucket, sealed as it is.",
        example="backup make Backups",
        load=_backup_make,
    ),
    "prune": Entry(
        about="Let go of old backups of a place, and tell first which.",
        example="backup prune Backups",
        load=_backup_prune,
    ),
    "recovery": Entry(
        about="Keep beside your backups what your recovery cards open, and nothing else does.",
        example="backup recovery Backups",
        load=_backup_recovery,
    ),
    "slots": Entry(
        about="Copy the slots, which are in no backup, to a place of their own.",
        example="backup slots Stick/slots",
        load=_backup_slots,
    ),
    "verify": Entry(
        about="Compare each part of a backup with what was signed.",
        example="backup verify Backups",
        load=_backup_verify,
    ),
}
SERVICE = {
    "token": Entry(
        about="Make the token of a program that watches how the service does.",
        example="service token",
        load=_service_token,
    ),
    "print-unit": Entry(
        about="Print a systemd unit that serves this vault, hardened.",
        example="service print-unit --port 8722",
        load=_service_unit,
    ),
    "print-grants": Entry(
        about="Print what lets a role of PostgreSQL work on your rows, and do no more.",
        example="service print-grants vaults",
        load=_service_grants,
    ),
}


def _key_rotate() -> Function:
    from sealhold.frontends.cli.key_rotate import key_rotate

    return key_rotate


def _key_passphrase() -> Function:
    from sealhold.frontends.cli.key_passphrase import key_passphrase

    return key_passphrase


def _key_root() -> Function:
    from sealhold.frontends.cli.key_root import key_change_root

    return key_change_root


def _key_cards() -> Function:
    from sealhold.frontends.cli.key_cards import key_cards

    return key_cards


def _key_recover() -> Function:
    from sealhold.frontends.cli.key_cards import key_recover

    return key_recover


def _key_share_send() -> Function:
    from sealhold.frontends.cli.key_share import key_share_send

    return key_share_send


def _key_share_list() -> Function:
    from sealhold.frontends.cli.key_share import key_share_list

    return key_share_list


def _key_held_list() -> Function:
    from sealhold.frontends.cli.key_held import key_held_list

    return key_held_list


def _key_held_show() -> Function:
    from sealhold.frontends.cli.key_held import key_held_show

    return key_held_show


def _key_held_open() -> Function:
    from sealhold.frontends.cli.key_held import key_held_open

    return key_held_open


def _key_recovery_list() -> Function:
    from sealhold.frontends.cli.key_recovery import key_recovery_list

    return key_recovery_list


def _key_recovery_veto() -> Function:
    from sealhold.frontends.cli.key_recovery import key_recovery_veto

    return key_recovery_veto


def _key_recovery_alive() -> Function:
    from sealhold.frontends.cli.key_recovery import key_recovery_alive

    return key_recovery_alive


KEY_SHARE = {
    "send": Entry(
        about="Give people you know a share each of the recovery secret, of which some are enough.",
        example="key share send paper --to Bo --to Cy --to Di --need 2",
        load=_key_share_send,
    ),
    "list": Entry(
        about="Tell who was given a share of the recovery secret.",
        example="key share list",
        load=_key_share_list,
    ),
}
KEY_HELD = {
    "list": Entry(
        about="List the shares that are held here for people you know.",
        example="key held list",
        load=_key_held_list,
    ),
    "open": Entry(
        about="Open a recovery of somebody whose share is held here, and have them told.",
        example="key held open Anna --out Anna.notices",
        load=_key_held_open,
    ),
    "show": Entry(
        about="Write a share that is held here on a card, to hand it back to whose it is.",
        example="key held show Anna --out card.txt",
        load=_key_held_show,
    ),
}
KEY_RECOVERY = {
    "list": Entry(
        about="List the recoveries of your secret that holders of shares opened.",
        example="key recovery list",
        load=_key_recovery_list,
    ),
    "veto": Entry(
        about="Say no to a recovery of your secret, once: its window is doubled.",
        example="key recovery veto",
        load=_key_recovery_veto,
    ),
    "alive": Entry(
        about="Have holders of your shares hear that you are there, so that an heir waits.",
        example="key recovery alive",
        load=_key_recovery_alive,
    ),
}
KEY: Mapping[str, Entry | Group] = {
    "list": Entry(
        about="List the keys: what they are for, how old, how many lie under them.",
        example="key list",
        load=_key_list,
    ),
    "close-epoch": Entry(
        about="Turn the keys over, so that older copies of them open nothing.",
        example="key close-epoch --dry-run",
        load=_key_close,
    ),
    "rotate": Entry(
        about="Turn keys over, while everything stays readable.",
        example="key rotate subject owner",
        load=_key_rotate,
    ),
    "change-root": Entry(
        about="Put the keys under another root: a passphrase, a key, a TPM or a token.",
        example="key change-root --to keyfile --key-file vault.key",
        load=_key_root,
    ),
    "change-passphrase": Entry(
        about="Change your passphrase.", example="key change-passphrase", load=_key_passphrase
    ),
    "cards": Entry(
        about="Write the recovery secret on cards, of which some are enough.",
        example="key cards paper Cards --needed 3 --cards 5",
        load=_key_cards,
    ),
    "recover": Entry(
        about="Bring recovery cards together: they give the recovery secret.",
        example="key recover card-1.txt card-3.txt card-4.txt --to secret",
        load=_key_recover,
    ),
    "share": Group(about="Shares of the recovery secret, with people you know.", entries=KEY_SHARE),
    "held": Group(about="Shares that are held here for people you know.", entries=KEY_HELD),
    "recovery": Group(about="Recoveries of your secret by people.", entries=KEY_RECOVERY),
}
VAULT: Mapping[str, Entry | Group] = {
    "init": Entry(about="Make a new, empty vault.", example="init", load=_init),
    "import": Entry(
        about="Take files in: tracks, calendars, contacts, mail, bookings, tables.",
        example="import Downloads/tracks mail.mbox",
        load=_import,
    ),
    "serve": Entry(
        about="Open your vault in the browser, and answer what is due.",
        example="serve --port 8722",
        load=_serve,
    ),
    "status": Entry(about="Tell how the vault is.", example="status --self-test", load=_status),
    "source": Group(about="Where your data comes from.", entries=SOURCE),
    "search": Entry(
        about="Find items that hold all of the words.", example="search dentist", load=_search
    ),
    "query": Entry(
        about="Ask your own data in SQL.",
        example='query "SELECT count(*) FROM trips"',
        load=_query,
    ),
    "erase": Entry(
        about="Erase one item for good, with all that tells of it.",
        example="erase r-0123456789ab --dry-run",
        load=_erase,
    ),
    "key": Group(about="What everything is sealed under.", entries=KEY),
    "backup": Group(about="Copies of your vault, for the day it is lost.", entries=BACKUP),
    "restore": Entry(
        about="Go back to a backup, into an empty folder.",
        example="restore Backups --slots Stick/slots --dry-run",
        load=_restore,
    ),
    "upgrade": Entry(
        about="Bring a vault of an older sealhold to today's form.",
        example="upgrade --dry-run",
        load=_upgrade,
    ),
    "snapshot": Group(about="What your vault was set to, at each time.", entries=SNAPSHOT),
    "service": Group(about="A vault that is served all the time.", entries=SERVICE),
    "job": Group(about="Work that turns keys over.", entries=JOB),
    "login": Group(about="Who signs in through an OpenID provider.", entries=LOGIN),
}
