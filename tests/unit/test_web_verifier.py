"""The verifier page stands alone: its policy, its colours, and what is not in it."""

import re

from sealhold.frontends.web import verifier
from sealhold.frontends.web.assets import FOLDER
from tools.verifier_policy import written

TEXT = verifier.FILE.read_text()
COLOUR = re.compile(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)")


def test_the_policy_names_the_script_and_the_style_that_are_there() -> None:
    assert written(TEXT) == TEXT, "run tools/verifier_policy.py"


def test_the_policy_allows_no_request_and_the_header_no_frame() -> None:
    page = verifier.page()
    parts = dict(part.split(" ", 1) for part in page.policy.split("; "))

    assert parts["default-src"] == "'none'"
    assert set(parts) == {
        "default-src",
        "script-src",
        "style-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
    }
    assert {parts[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert all(parts[name].startswith("'sha256-") for name in ("script-src", "style-src"))


def test_the_page_names_no_address_and_has_no_handler_or_style_in_its_markup() -> None:
    body = TEXT.partition("<body>")[2].partition("<script>")[0]

    assert not re.search(r"\bsrc=|\bhref=|(?<![a-z0-9])url\(|@import|https?://(?!in-toto)", TEXT)
    assert not re.search(r"\sstyle=|\son\w+=|javascript:", body)
    assert TEXT.count("<script>") == TEXT.count("<style>") == 1


def test_its_script_writes_no_markup_and_runs_no_text() -> None:
    script = TEXT.partition("<script>")[2]

    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", script)
    assert not re.search(r"fetch\(|XMLHttp|WebSocket|sendBeacon|localStorage|import\(", script)


def test_its_colours_are_those_of_the_other_pages() -> None:
    tokens = {
        name: (light, dark)
        for name, light, dark in COLOUR.findall((FOLDER / "tokens.css").read_text())
    }

    mine = COLOUR.findall(TEXT)

    assert len(mine) >= 12
    assert [(name, pair) for name, *pair in mine if tokens.get(name) != tuple(pair)] == []
