"""The commands about what others ask: apps, requests, grants, runs; and those of developers.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group
from sealhold.frontends.cli.tree.holds import HOLD
from sealhold.frontends.cli.tree.policies import POLICY
from sealhold.frontends.cli.tree.processings import PROCESSING
from sealhold.frontends.cli.tree.rules import COLLECTION, SCHEMA


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


def _request_inbox() -> Function:
    from sealhold.frontends.cli.request_inbox import request_inbox

    return request_inbox


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


def _grant_show() -> Function:
    from sealhold.frontends.cli.grant_show import grant_show

    return grant_show


def _grant_confirm() -> Function:
    from sealhold.frontends.cli.grant_confirm import grant_confirm

    return grant_confirm


def _grant_pause() -> Function:
    from sealhold.frontends.cli.grant_pause import grant_pause

    return grant_pause


def _grant_resume() -> Function:
    from sealhold.frontends.cli.grant_resume import grant_resume

    return grant_resume


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
    "inbox": Entry(
        about="List what waits for you, with what is new in it.",
        example="request inbox",
        load=_request_inbox,
    ),
    "show": Entry(
        about="Show one request, whole, in eight numbered parts.",
        example="request show q-0123456789ab",
        load=_request_show,
    ),
    "approve": Entry(
        about="Allow a request, as it is asked or narrower.",
        example="request approve q-0123456789ab --once --rows 'distance_m > 500'",
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
    "show": Entry(
        about="Show one grant, and how each source of its data stands to it.",
        example="grant show g-0123456789ab",
        load=_grant_show,
    ),
    "confirm": Entry(
        about="Say that you still allow a grant, after the vault went back to an older day.",
        example="grant confirm g-0123456789ab",
        load=_grant_confirm,
    ),
    "pause": Entry(
        about="Let nothing happen under one grant until you resume it.",
        example="grant pause g-0123456789ab",
        load=_grant_pause,
    ),
    "resume": Entry(
        about="Let a paused grant hold again, as you allowed it.",
        example="grant resume g-0123456789ab",
        load=_grant_resume,
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
OTHERS: Mapping[str, Entry | Group] = {
    "app": Group(about="Who may ask.", entries=APP),
    "schema": Group(about="What apps may keep of their people.", entries=SCHEMA),
    "collection": Group(about="What records they may keep of them.", entries=COLLECTION),
    "processing": Group(about="What apps do with their people's data.", entries=PROCESSING),
    "hold": Group(about="Duties to keep something when people are erased.", entries=HOLD),
    "request": Group(about="What they ask, and your yes or no.", entries=REQUEST),
    "policy": Group(
        about="Rules that answer in your place, and media that grants hang on.", entries=POLICY
    ),
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
