"""What a token is shown for: the part of the API, whom and what the address names, by which client.

- A holder may have bound a token to any of these; each bound is held against what stands here.

Source: docs/spec/30-access.md sections 4 and 11.
"""

from collections.abc import Container

from starlette.requests import Request

from sealhold.model.principals import Asked, Presented, Proving

PURPOSE = "sealhold-purpose"
CLIENT = "sealhold-client"
OF_A_PERSON, OF_A_PROCESSING = "/v1/subjects/{id}", "/v1/processings/{id}"


def presented(
    path: str, scope: str, takes: Container[str], token: str, request: Request
) -> Presented:
    """Return `token` with what it is shown for, to which its holder may have bound it.

    Args:
        path: of the route, with names in braces.
        scope: the part of the API, and whether it is read or written.
        takes: the headers that the route takes.
        token: as it was sent.
        request: with which it came.
    """
    names, headers = request.path_params, request.headers
    asked = Asked(
        # THREAT T293: a purpose that the route does not ask for bounds nothing there
        purpose=headers.get(PURPOSE, "") if PURPOSE in takes else "",
        processing=names["id"] if path.startswith(OF_A_PROCESSING) else "",
        subject=names["id"] if path.startswith(OF_A_PERSON) else "",
        scope=scope,
        proving=_proving(request),
    )
    return Presented(token, asked)


def _proving(request: Request) -> Proving | None:
    lines = request.headers.getlist(CLIENT)
    if len(lines) != 1:  # none, or two of which somebody else could take the other
        return None
    path, query = request.scope["raw_path"], request.scope["query_string"]
    target = (path + b"?" + query if query else path).decode("latin-1")
    return Proving(method=request.method, target=target, line=lines[0])
