"""Every command: its word, one line about it, an example, and where its code is.

- Code is imported by the function beside the word, when the command is chosen.
- The line is the first one of the command's help; a test compares them, and runs each example.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group

ABOUT = """sealhold: your data stays, answers leave.

A vault for what is by you and about you. Apps send a small program to it and get an answer
whose worst-case leak is known in bits; everything that happened is in a log that cannot be
changed unnoticed.

Your own data in three lines: sealhold init; sealhold import FILE...; sealhold serve
"""


def tree(more: Mapping[str, Entry]) -> Group:
    """Return all commands; `more` are those of packages above the front ends."""
    return Group(about=ABOUT, entries={**VAULT, **OTHERS, **PROOF, **more})


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


def _source_list() -> Function:
    from sealhold.frontends.cli.source_list import source_list

    return source_list


def _search() -> Function:
    from sealhold.frontends.cli.search import search

    return search


def _query() -> Function:
    from sealhold.frontends.cli.query import query

    return query


def _erase() -> Function:
    from sealhold.frontends.cli.erase import erase

    return erase


def _app_register() -> Function:
    from sealhold.frontends.cli.app_register import app_register

    return app_register


def _app_list() -> Function:
    from sealhold.frontends.cli.app_list import app_list

    return app_list


def _app_show() -> Function:
    from sealhold.frontends.cli.app_show import app_show

    return app_show


def _app_suspend() -> Function:
    from sealhold.frontends.cli.app_suspend import app_suspend

    return app_suspend


def _app_resume() -> Function:
    from sealhold.frontends.cli.app_resume import app_resume

    return app_resume


def _app_remove() -> Function:
    from sealhold.frontends.cli.app_remove import app_remove

    return app_remove


def _app_open() -> Function:
    from sealhold.frontends.cli.app_open import app_open

    return app_open


def _request_add() -> Function:
    from sealhold.frontends.cli.request_add import request_add

    return request_add


def _request_list() -> Function:
    from sealhold.frontends.cli.request_list import request_list

    return request_list


def _request_show() -> Function:
    from sealhold.frontends.cli.request_show import request_show

    return request_show


def _request_approve() -> Function:
    from sealhold.frontends.cli.request_approve import request_approve

    return request_approve


def _request_deny() -> Function:
    from sealhold.frontends.cli.request_deny import request_deny

    return request_deny


def _grant_list() -> Function:
    from sealhold.frontends.cli.grant_list import grant_list

    return grant_list


def _grant_revoke() -> Function:
    from sealhold.frontends.cli.grant_revoke import grant_revoke

    return grant_revoke


def _run() -> Function:
    from sealhold.frontends.cli.run import run

    return run


def _budget_show() -> Function:
    from sealhold.frontends.cli.budget_show import budget_show

    return budget_show


def _budget_set() -> Function:
    from sealhold.frontends.cli.budget_set import budget_set

    return budget_set


def _task_check() -> Function:
    from sealhold.frontends.cli.task_check import task_check

    return task_check


def _task_run() -> Function:
    from sealhold.frontends.cli.task_run import task_run

    return task_run


def _task_leakage() -> Function:
    from sealhold.frontends.cli.task_leakage import task_leakage

    return task_leakage


def _task_build() -> Function:
    from sealhold.frontends.cli.task_build import task_build

    return task_build


def _resource_list() -> Function:
    from sealhold.frontends.cli.resource_list import resource_list

    return resource_list


def _resource_fetch() -> Function:
    from sealhold.frontends.cli.resource_fetch import resource_fetch

    return resource_fetch


def _resource_sign() -> Function:
    from sealhold.frontends.cli.resource_sign import resource_sign

    return resource_sign


def _verify() -> Function:
    from sealhold.frontends.cli.verify import verify

    return verify


def _proof_show() -> Function:
    from sealhold.frontends.cli.proof_show import proof_show

    return proof_show


def _proof_present() -> Function:
    from sealhold.frontends.cli.proof_present import proof_present

    return proof_present


def _audit_show() -> Function:
    from sealhold.frontends.cli.audit_show import audit_show

    return audit_show


def _evidence_appraise() -> Function:
    from sealhold.frontends.cli.evidence_appraise import evidence_appraise

    return evidence_appraise


def _audit_accept() -> Function:
    from sealhold.frontends.cli.audit_accept import audit_accept

    return audit_accept


def _audit_verify() -> Function:
    from sealhold.frontends.cli.audit_verify import audit_verify

    return audit_verify


SOURCE = {
    "list": Entry(
        about="List where your data came from, and each import.",
        example="source list --jobs",
        load=_source_list,
    ),
}
APP = {
    "register": Entry(
        about="Make an app known by its key, so that it may ask.",
        example="app register GreenCorp --make-keys greencorp",
        load=_app_register,
    ),
    "list": Entry(about="List the apps that may ask.", example="app list", load=_app_list),
    "show": Entry(
        about="Show one app: its key, its budget, what it was allowed.",
        example="app show GreenCorp",
        load=_app_show,
    ),
    "suspend": Entry(
        about="Stop an app: its token and grants are dead until it is resumed.",
        example="app suspend GreenCorp",
        load=_app_suspend,
    ),
    "resume": Entry(
        about="Let a stopped app ask again.", example="app resume GreenCorp", load=_app_resume
    ),
    "remove": Entry(
        about="Forget an app for good; its grants end with it.",
        example="app remove GreenCorp --dry-run",
        load=_app_remove,
    ),
    "open": Entry(
        about="Open a sealed answer, as the app that asked for it.",
        example="app open answer/answer.sealed --keys greencorp",
        load=_app_open,
    ),
}
REQUEST = {
    "add": Entry(
        about="Ask for an answer, as an app's developer does.",
        example="request add examples/green-bonus --keys greencorp --selection 2026-10",
        load=_request_add,
    ),
    "list": Entry(
        about="List what others ask; what waits for you comes first.",
        example="request list",
        load=_request_list,
    ),
    "show": Entry(
        about="Show one request, whole, in eight numbered parts.",
        example="request show q-0123456789ab",
        load=_request_show,
    ),
    "approve": Entry(
        about="Allow a request, as it is asked or narrower.",
        example="request approve q-0123456789ab --once --coarsen 4",
        load=_request_approve,
    ),
    "deny": Entry(
        about="Refuse a request; the asker learns no reason.",
        example="request deny q-0123456789ab",
        load=_request_deny,
    ),
}
GRANT = {
    "list": Entry(
        about="List what you allowed, and what was used of it.",
        example="grant list",
        load=_grant_list,
    ),
    "revoke": Entry(
        about="End a grant now; what left before stays out.",
        example="grant revoke g-0123456789ab",
        load=_grant_revoke,
    ),
}
BUDGET = {
    "show": Entry(
        about="Show each cap, and what was told of it.",
        example="budget show",
        load=_budget_show,
    ),
    "set": Entry(
        about="Set the most that may be told.",
        example="budget set app 30 --confirm raise",
        load=_budget_set,
    ),
}
TASK = {
    "check": Entry(
        about="Tell each fault of a task, with its place.",
        example="task check examples/green-bonus",
        load=_task_check,
    ),
    "run": Entry(
        about="Try a task on made-up data.",
        example="task run examples/green-bonus --synthetic",
        load=_task_run,
    ),
    "leakage": Entry(
        about="Work out what a task can tell at most, in bits.",
        example="task leakage examples/green-bonus --queries 100",
        load=_task_leakage,
    ),
    "build": Entry(
        about="Sign a task, so that vaults take it.",
        example="task build examples/green-bonus --keys greencorp",
        load=_task_build,
    ),
}
SHOWN = {
    "show": Entry(
        about="Show what an answer's proof says, and what of it is hidden.",
        example="proof show c-0123456789ab",
        load=_proof_show,
    ),
    "present": Entry(
        about="Show an answer's proof to somebody, with the claims that you open.",
        example="proof present c-0123456789ab --open value --audience bank --nonce 7f3a --out bank",
        load=_proof_present,
    ),
}
RESOURCE = {
    "list": Entry(
        about="List third parties' files that programs read.",
        example="resource list",
        load=_resource_list,
    ),
    "fetch": Entry(
        about="Fetch third parties' files now, as far as programs may get them.",
        example="resource fetch",
        load=_resource_fetch,
    ),
    "sign": Entry(
        about="Sign a version of a file that programs in vaults read.",
        example="resource sign rates.json --url https://data.example.org/rates.json --number 1",
        load=_resource_sign,
    ),
}
AUDIT = {
    "show": Entry(
        about="Show what happened: who, why, what left, at what cost.",
        example="audit show --limit 10",
        load=_audit_show,
    ),
    "verify": Entry(
        about="Read and recompute everything that is kept.",
        example="audit verify",
        load=_audit_verify,
    ),
    "accept": Entry(
        about="Go on with a database that is older than it was.",
        example="audit accept",
        load=_audit_accept,
    ),
}
EVIDENCE = {
    "appraise": Entry(
        about="Tell what a machine's evidence is worth; needs no vault and no network.",
        example="evidence appraise examples/evidence/software.cwt --kind sw"
        " --nonce 0011223344556677 --statement examples/evidence/statement.json"
        " --collateral examples/evidence/device.key --at 2026-11-22T12:00Z",
        load=_evidence_appraise,
    ),
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
    "source": Group(about="Where your data came from.", entries=SOURCE),
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
}
OTHERS: Mapping[str, Entry | Group] = {
    "app": Group(about="Who may ask.", entries=APP),
    "request": Group(about="What they ask, and your yes or no.", entries=REQUEST),
    "grant": Group(about="What you allowed.", entries=GRANT),
    "budget": Group(about="How much may be told.", entries=BUDGET),
    "run": Entry(
        about="Answer an allowed request: one number leaves, with a proof.",
        example="run g-0123456789ab --out answer",
        load=_run,
    ),
    "resource": Group(about="Third parties' files that programs read.", entries=RESOURCE),
    "task": Group(about="For developers: programs that visit vaults.", entries=TASK),
}
PROOF: Mapping[str, Entry | Group] = {
    "verify": Entry(
        about="Check a proof, a presentation, a receipt or an audit bundle; needs no vault.",
        example="verify answer/proof.json",
        load=_verify,
    ),
    "proof": Group(about="What you show of an answer, claim by claim.", entries=SHOWN),
    "audit": Group(about="What happened.", entries=AUDIT),
    "evidence": Group(about="What a machine shows about itself.", entries=EVIDENCE),
}
