"""The sentence of an event of the log, made from its own fields.

Source: docs/spec/05-audit-log.md section 7.
"""

from sealhold.audit.event import Event, EventKind, Outcome
from sealhold.model.quantities import MicroBits, show_bits

_WORDS = {
    EventKind.START: "the log begins",
    EventKind.UNLOCK: "the vault was unlocked",
    EventKind.LOCK: "the vault was locked",
    EventKind.KEY: "keys were turned over: {reason}",
    EventKind.SOURCE: "a source changed",
    EventKind.JOB: "an import {reason}",
    EventKind.INGEST: "{rows_out} of {rows_read} items were taken in",
    EventKind.READ: "{items_read} opened",
    EventKind.SEARCH: "a search found {items_out}",
    EventKind.QUERY: "a query over {items_read}",
    EventKind.EXPORT: "data was exported",
    EventKind.ERASE: "data was erased",
    EventKind.APP: "an app was {reason}",
    EventKind.REQUEST: "a request is {reason}",
    EventKind.PREVIEW: "the owner looked at an answer before deciding",
    EventKind.APPROVE: "a request was allowed",
    EventKind.REFUSE: "a request was refused",
    EventKind.REVOKE: "a grant was revoked",
    EventKind.DECISION: "a use was decided on",
    EventKind.CHARGE: "{cost} bits were charged",
    EventKind.RUN: "a program was run over {objects_read}",
    EventKind.RELEASE: "an answer of {bytes_out} bytes left",
    EventKind.PROOF: "a proof was handed out",
    EventKind.VERIFY_FAILURE: "something kept is not what was written",
    EventKind.BACKUP: "a backup was made",
    EventKind.RESTORE: "a backup was restored",
    EventKind.FETCH: "a third party's file: {reason}",
    EventKind.CAP: "the cap {reason} was set to {cap} bits",
    EventKind.PERSON: "a person was {reason}",
    EventKind.PROFILE: "a profile was {reason}",
    EventKind.SCHEMA: "it was laid down what an app may keep",
    EventKind.ACCESS: "who may call: {reason}",
    EventKind.PROCESSING: "a processing was {reason}",
    EventKind.SAY: "a person said of the use of their data: {reason}",
    EventKind.RECORD: "a person's records were {reason}",
    EventKind.RIGHTS: "a rights request: {reason}",
    EventKind.BREACH: "a breach: {reason}",
    EventKind.RECIPIENT: "a recipient was {reason}",
    EventKind.UPGRADE: "the rows were brought to another form: {reason}",
    EventKind.HOLD: "a duty to keep: {reason}",
    EventKind.HELD: "what is held of somebody who was erased: {reason}",
    EventKind.SNAPSHOT: "a snapshot of what is set: {reason}",
    EventKind.LINK: "a link share was {reason}",
    EventKind.PAUSE: "a grant was {reason}",
    EventKind.TOKEN: "a policy token: {reason}",
    EventKind.LOG_KEY: "another key signs for the log from here on: the one before is {reason}",
    EventKind.POLICY: "standing rules: {reason}",
    EventKind.CONTACT: "another person: {reason}",
    EventKind.RECOVERY: "a recovery: {reason}",
    EventKind.VETO: "a veto against a recovery: {reason}",
    EventKind.DEVICE: "your devices: {reason}",
    EventKind.SYNC: "devices exchanged what changed: {rows_read} entries came, {rows_out} went",
    EventKind.SHARE: "shared with a person: {reason}",
    EventKind.SHARED_USE: "a use of what is shared: {reason}",
    EventKind.SHARE_TASK: "a program for a person: {reason}",
    EventKind.RECORDS: "records on your devices: {reason}",
    EventKind.PROXY: "before a rented database: {reason}",
    EventKind.PROXY_LEASE: "up to {statements} of {reason} allowed, {cells_out} opened at most",
    EventKind.PROXY_USE: "{statements} of {reason} run, {cells_out} opened",
    EventKind.PROXY_LOGIN: "a login at a proxy: {reason}",
    EventKind.PROVIDER: "what a provider gave is not what was kept there: {reason}",
    EventKind.PROXY_HEAD: "what stands for all rows at a provider was noted",
    EventKind.PROXY_AUDIT: "rows at a provider were compared with what was written: {reason}",
    EventKind.ALARM: "an alarm before a rented database: {reason}",
    EventKind.REACTION: "a reaction before a rented database: {reason}",
    EventKind.RELEASE_HELD: "before a rented database the owner let go: {reason}",
    EventKind.PROVIDER_STATE: "a provider: {reason}",
    EventKind.QUERY_GRANT: "another proxy may ask: {reason}",
    EventKind.QUERY_PERMIT: "a statement of another proxy may run, for {reason}",
    EventKind.QUERY_ANSWER: "{rows_out} rows leave for another proxy",
    EventKind.QUERY_RECEIPT: "another proxy answered with {rows_read} rows",
    EventKind.COMPONENT: "what a grant lets a source run: {reason}",
}

_REFUSED = {  # in place of the words above, where the reason says why not and not what
    EventKind.PERSON: "a person was asked after",
    EventKind.PROFILE: "a profile was asked for",
    EventKind.ACCESS: "somebody called",
    EventKind.PROCESSING: "a run was asked for",
    EventKind.SAY: "something was said in a person's name",
    EventKind.RECORD: "a person's records were asked for",
    EventKind.PROXY_LEASE: "a statement was not sent",
    EventKind.PROXY_LOGIN: "a login at a proxy was refused",
    EventKind.QUERY_PERMIT: "a statement of another proxy was refused",
}


def sentence(event: Event) -> str:
    """Return what happened, in words."""
    is_refused, reason = event.outcome is Outcome.DENIED, (event.reason or "").replace("_", " ")
    is_why = is_refused and event.kind in _REFUSED
    words = (_REFUSED if is_why else _WORDS)[event.kind].format(
        reason=reason,
        rows_out=event.rows_out,
        rows_read=event.rows_read,
        items_out=_counted(event.rows_out, "item"),
        items_read=_counted(event.rows_read, "item"),
        objects_read=_counted(event.rows_read, "object"),
        statements=_counted(event.rows_read, "statement"),
        cells_out=_counted(event.rows_out, "cell"),
        bytes_out=event.bytes_out,
        cost=show_bits(event.cost),
        cap=show_bits(event.cap or MicroBits(0)),
    )
    where = f" from {event.collection}" if event.collection else ""
    refused = f" (refused: {reason})" if is_why else " (refused)" if is_refused else ""
    return f"{words}{where}{refused}"


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
