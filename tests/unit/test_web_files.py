"""What templates, texts and static files keep to."""

import base64
import hashlib
import json
import re
from pathlib import Path
from string import Formatter

import pytest

from sealhold.frontends.http.headers import POLICY
from sealhold.frontends.web.assets import BUNDLES, DIGESTS, FOLDER, Assets, sources
from sealhold.frontends.web.pages.seldom import HANDLERS
from sealhold.frontends.web.render import NAV, TEMPLATES
from sealhold.frontends.web.routes import page_routes
from sealhold.frontends.web.texts import ENGLISH
from sealhold.model.errors import NotFoundError

PAGES = sorted(TEMPLATES.glob("*.html"))
CODE = [*PAGES, *TEMPLATES.parent.rglob("*.py")]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?!-)|\brgba?\(|\bhsla?\(|\boklch\(")


def test_the_digests_are_those_of_the_files() -> None:
    known = json.loads(DIGESTS.read_bytes())

    made = {
        name: {
            "sha256": hashlib.sha256(data).hexdigest(),
            "sri": "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode(),
        }
        for name, data in sources().items()
    }

    assert known == made, "run tools/asset_digests.py"


def test_a_file_is_served_under_the_name_that_pages_use_and_under_no_other() -> None:
    assets = Assets()

    for asset in assets.all():
        assert assets.served(assets.url(asset.name).rpartition("/")[2]) == asset
    with pytest.raises(NotFoundError):
        assets.served("../texts.py")


def test_colours_stand_in_the_tokens_alone() -> None:
    sheets = [FOLDER / part for part in BUNDLES["sealhold.css"] if part != "tokens.css"]

    assert {path.name: COLOUR.findall(path.read_text()) for path in sheets} == {
        path.name: [] for path in sheets
    }


@pytest.mark.threat("T61")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_template_has_no_inline_script_style_or_unescaped_value(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"\|\s*safe\b|autoescape", text)


@pytest.mark.threat("T64")
def test_the_policy_allows_nothing_from_elsewhere() -> None:
    for part in POLICY.split("; "):
        assert set(part.split()[1:]) <= {"'self'", "'none'", "data:"}


def test_each_text_is_used_and_each_used_text_exists() -> None:
    used = set[str]()
    built = set[tuple[str, str]]()
    for path in CODE:
        if path.name == "texts.py" or path.name.startswith("words_"):
            continue
        text = path.read_text()
        used |= set(re.findall(r'"([a-z0-9]+\.[a-z0-9_]+)"', text)) & set(ENGLISH)
        used |= set(re.findall(r'say\("([a-z0-9]+\.[a-z0-9_]+)"[,)]', text))
        built |= set(re.findall(r'"([a-z0-9]+\.[a-z0-9_]*)" ~|f"([a-z]+\.)\{', text))
    begun = tuple(one or other for one, other in built)
    unused = {key for key in ENGLISH if key not in used and not key.startswith(begun)}

    assert used <= set(ENGLISH)
    assert unused == set()


def test_a_text_has_no_exclamation_mark_and_names_what_it_sets_in() -> None:
    for text in ENGLISH.values():
        assert "!" not in text
        assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(text))


def test_the_navigation_shows_only_what_exists() -> None:
    paths = {route.path for route in page_routes(Assets()) if route.get is not None}

    assert {address for address, _ in NAV} <= paths


def test_a_route_that_acts_is_a_post_and_only_the_ways_in_need_no_session() -> None:
    routes = page_routes(Assets())

    assert [route.path for route in routes if route.is_open] == [
        *("/unlock", "/login/begin", "/login/back/{provider}", "/login/enter/{provider}"),
        *("/me/in", "/me/enter", "/me/passkey"),
        *("/me/in/{app}", "/me/login/{app}", "/me/back/{app}", "/me/arrive/{app}"),
    ]
    acts = ("allow", "refuse", "preview", "revoke", "run", "suspend", "resume", "verify", "lock")
    for route in routes:
        if route.path.rpartition("/")[2] in acts:
            assert route.get is None
            assert route.post is not None


def test_each_page_that_is_loaded_late_is_there() -> None:
    named = re.findall(r'_later\("([a-z_.]+)"\)', (TEMPLATES.parent / "routes.py").read_text())

    assert set(named) == set(HANDLERS)
