"""Write the reference pages that can be read off the code.

- docs/reference/commands.md: every command, with its first line and an example.
- docs/reference/errors.md: every error, its kind, exit code and HTTP status, and what to do.
- docs/reference/http.md: every route of the API, and every address of a page.

Use: `.venv/bin/python tools/reference.py`, or with `--check` to see that the pages fit the code.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import sealhold
from sealhold.__main__ import MORE
from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree import tree
from sealhold.frontends.http.api import Role
from sealhold.frontends.http.problems import STATUS
from sealhold.frontends.http.services import API_ROUTES
from sealhold.frontends.web import verifier
from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.routes import page_routes
from sealhold.model.errors import ErrorKind, SealholdError

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
WRITTEN = "<!-- Written by tools/reference.py from the code; `make fix` writes it again. -->"


def commands() -> Iterator[tuple[str, Entry]]:
    """Yield each command's words, without the leading `sealhold`, and what is known of it."""

    def walk(group: Group, before: str) -> Iterator[tuple[str, Entry]]:
        for word, below in group.entries.items():
            match below:
                case Group():
                    yield from walk(below, f"{before}{word} ")
                case Entry():
                    yield f"{before}{word}", below

    return walk(tree(MORE), "")


def commands_page() -> str:
    """Return the page of commands, in the order in which help lists them."""
    lines = [
        "# Commands",
        "",
        WRITTEN,
        "",
        "Each takes `--home DIR`, `--json`, `--quiet` and `--no-color`; `--help` tells the rest.",
        "",
        "| Command | What it does | For example |",
        "|---|---|---|",
    ]
    for words, entry in commands():
        example = entry.example.replace("|", "\\|")
        lines.append(f"| `sealhold {words}` | {entry.about} | `sealhold {example}` |")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Return the page of errors, by kind and then by name."""
    lines = [
        "# Errors",
        "",
        WRITTEN,
        "",
        "The command line ends with the exit code of the error's kind; the HTTP API answers with",
        "its status. An app, an outsider, reads `DENIED` for all that is absent, forbidden,",
        "exhausted or away.",
    ]
    for kind in ErrorKind:
        lines += [
            "",
            f"## {kind.name.lower()}: exit code {kind.value}, status {STATUS[kind]}",
            "",
            "| Code | What happened | What to do |",
            "|---|---|---|",
        ]
        lines += [row for each, row in sorted(_error_rows()) if each is kind]
    return "\n".join(lines) + "\n"


def http_page() -> str:
    """Return the page of addresses: those for programs, then those for people."""
    lines = [
        "# HTTP",
        "",
        WRITTEN,
        "",
        "What a body holds and what comes back stands in `GET /v1/openapi.json`; who may come in,",
        "in [20 Faces](../spec/20-faces.md).",
        "",
        "## For programs",
        "",
        "| Route | Whose token | What it does |",
        "|---|---|---|",
    ]
    api = {(each.path, each.method): each for each in API_ROUTES}
    for (path, method), route in sorted(api.items()):
        whose = "none" if route.role is Role.PUBLIC else f"the {route.role.value}'s"
        lines.append(f"| `{method} {path}` | {whose} | {route.about} |")
    lines += ["", "## For people", "", "| Page | Methods | Without signing in |", "|---|---|---|"]
    for page in page_routes(Assets()):
        methods = [name for name, there in (("GET", page.get), ("POST", page.post)) if there]
        lines.append(
            f"| `{page.path}` | {', '.join(methods)} | {'yes' if page.is_open else 'no'} |"
        )
    lines.append(f"| `{verifier.PATH}` | GET | yes |")
    return "\n".join(lines) + "\n"


def _error_rows() -> Iterator[tuple[ErrorKind, str]]:
    errors: set[type[SealholdError]] = {SealholdError, *_below(SealholdError)}
    for error in errors:
        happened = inspect.cleandoc(error.__doc__ or "").partition("Remedy:")[0]
        row = f"| `{error.code()}` | {' '.join(happened.split())} | {error.remedy()} |"
        yield error.kind, row


def _below(error: type[SealholdError]) -> Iterator[type[SealholdError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def import_all() -> None:
    """Import every module of sealhold, so that each class exists."""
    for module in pkgutil.walk_packages(sealhold.__path__, "sealhold."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # noqa: TID251  # reason: all there is, none by choice


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "http.md": http_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    import_all()
    stale = []
    for name, page in PAGES.items():
        path = FOLDER / name
        text = page()
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(f"docs/reference/{name} does not fit the code: run `make fix`")
    print("\n".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
