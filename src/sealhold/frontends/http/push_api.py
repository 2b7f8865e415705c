"""The route by which programs push rows into a source.

Source: docs/spec/37-live.md section 7.
"""

from sealhold.frontends.http.api import JSON, ApiRoute, Call, Reply, Role
from sealhold.frontends.http.repeating import KEY, key_of
from sealhold.model.shown.pushes import Pushed

LINES, TYPE = "application/x-ndjson", "content-type"
PUSH_BYTES = 4_194_304  # of one body; a phone's day of places has about 1 MiB


def push(call: Call) -> Reply:
    """Take in rows."""
    media = call.header(TYPE).partition(";")[0].strip().lower() or LINES
    header = call.header(KEY)
    key = key_of(header) if header else ""
    told = call.vault.pushing.push(call.token, call.names["dataset"], call.body, media, key)
    return Reply(value=told, status=202)


ROUTES = (
    ApiRoute(
        method="POST", path="/v1/push/{dataset}", role=Role.PUSHER, about="Push rows of a dataset",
        run=push, takes=(LINES, JSON), answer=Pushed, status=202, body_bytes=PUSH_BYTES,
        optional=(TYPE, KEY),
    ),
)  # fmt: skip
