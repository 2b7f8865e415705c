"""One set of numbers: in the table, on the screen as HTML, and in the ledger once it ran.

Every example, and the terms that move a price: objects that share a run, an open set, an answer on
demand, noise, third parties' files. Nothing here computes a figure of its own.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.formats import bits, count
from sealhold.frontends.web.pages import request as request_page
from sealhold.frontends.web.render import Renderer
from sealhold.frontends.web.visit import Fields, Page, Scheme, ShownCards, Visit
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection
from sealhold.model.quantities import MicroBits, Year, show_bits
from sealhold.node import WholeNode, World
from sealhold.vault.noisebudget import NoiseBudget
from tests.scenarios.servers import serving
from tests.scenarios.supplies import SIGNER, give
from tests.scenarios.test_one_number import METER, READINGS, said
from tests.scenarios.vaults import world
from tests.transcripts.cli import NOW, PASSPHRASE, Cli, furnish

Edit = Callable[[dict[str, Any]], None]  # reason: a manifest, as JSON


def as_it_is(_: dict[str, Any]) -> None:
    """Change nothing."""


def sharing(k: int) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        document["partition"] = {"k": k, "max_versions": 1}

    return edit


def versions(document: dict[str, Any]) -> None:
    document["partition"] = {"k": 4, "max_versions": 3}


def open_set(document: dict[str, Any]) -> None:
    document["input"]["objects"] = "open"
    document["expires"] = "2026-12-02T00:00:00Z"


def on_demand(document: dict[str, Any]) -> None:
    document["slot"] = {"seconds": 60, "mode": "demand", "max_slots": 3}
    document["input"]["max_objects"] = 1_000
    document["limits"]["ms_per_partition"] = 100


def noisy(document: dict[str, Any]) -> None:
    epsilon = {"numerator": 1, "denominator": 5}
    document["aggregate"]["noise"] = {"kind": "discrete-laplace", "epsilon": epsilon}


def reading(document: dict[str, Any]) -> None:
    document["resources"] = [
        {
            "id": "table",
            "file": "table.txt",
            "url": "https://data.example.org/table",
            "signer": SIGNER.public.hex(),
            "max_bytes": 1_000,
            "refresh_s": 86_400,
            "max_versions": 3,
        }
    ]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """A vault with data for every example, an app, and a server for third parties' files."""
    with serving(tmp_path) as server:
        give(server, 1, b"green\n")
        monkeypatch.setattr("tests.transcripts.cli.World", partial(World, fetch=server.fetch()))
        cli = Cli(furnish(tmp_path))
        (tmp_path / "readings.csv").write_text(READINGS)
        (tmp_path / "meter.csv").write_text(METER)
        for line in (
            "init --headless",
            "import tracks readings.csv meter.csv",
            "app register GreenCorp --make-keys greencorp",
            "budget set app 30 --confirm raise",  # the histogram of a month is over the default
            "budget set object 64 --confirm raise",
        ):
            assert cli.line(line).code == 0, line
        yield cli


@pytest.mark.parametrize(
    ("task", "edit"),
    [
        ("green-bonus", as_it_is),
        ("signed-bonus", as_it_is),
        ("hospital-statistics", as_it_is),
        ("hospital-median", as_it_is),
        ("power-meter", as_it_is),
        ("green-bonus", sharing(4)),
        ("green-bonus", sharing(32)),
        ("power-meter", versions),
        ("green-bonus", open_set),
        ("green-bonus", on_demand),
        ("green-bonus", noisy),
        ("green-bonus", reading),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__qualname__.split(".")[0],
)
def test_the_table_the_screen_and_the_ledger_say_the_same(cli: Cli, task: str, edit: Edit) -> None:
    path = cli.folder / "examples" / task
    document = json.loads((path / "task.json").read_text())
    edit(document)
    (path / "task.json").write_text(json.dumps(document))
    (path / "table.txt").write_text("green\n")
    selection = document["selections"][0]["id"]

    leak = said(cli, f"task leakage examples/{task} --selection {selection}")
    add = f"request add examples/{task} --keys greencorp --mode until --selection {selection}"
    request = said(cli, f"{add} --budget 30")["request"]
    with WholeNode(cli.home, world()) as node:
        node.unlock(PASSPHRASE)
        before = screen(node, request)
        points = " ".join(f"--confirm {code}" for code in node.requests.show(request).points)
    grant = said(cli, f"request approve {request} {points}")["id"]
    answer = said(cli, f"run {grant} --out answer")["answer"]

    with WholeNode(cli.home, world()) as node:
        node.unlock(PASSPHRASE)
        after, card = screen(node, request), node.requests.show(request)
        every, app = node.budgets.meters()
        objects = next(view for view in node.budgets.caps() if view.kind == "object")
        draws = NoiseBudget(node.parts.core.deciding)
        blurred = draws.meter(Collection(document["input"]["collection"]), Year(2026)).used
    one, each, most = total(leak["object"]), total(leak["query"], "answer"), leak["most_queries"]
    # the ledger
    (told,) = objects.budgets
    assert (told.label, told.used) == (document["input"]["collection"], one)
    assert every.used == app.used == answer["cost"] == each
    assert (card.asked_before, card.asked_most) == (1, most)
    assert blurred == (leak["noise"]["cost"] if leak["noise"] else 0)
    # the screen, before
    alternatives = count(leak["query"]["alternatives"])
    assert f"{bits(each)}: it can tell apart {alternatives} answers." in before
    assert f"It adds at most {bits(one)} to what is told of any single object" in before
    assert "for life; 0 so far, at most 64 ever." in before
    assert f"Questions to this program so far: 0, of {count(most)} in all." in before
    assert f"0 now, {show_bits(each)} after, of 30 bits" in before
    if leak["noise"]:
        assert f"{leak['noise']['cost']:,} micro-rho of {leak['noise']['cap']:,}" in before
    # the screen, after
    assert f"for life; {show_bits(one)} so far, at most 64 ever." in after
    assert f"Questions to this program so far: 1, of {count(most)} in all." in after
    assert f"{show_bits(each)} of 30 bits" in after
    assert f"{show_bits(each)} of 64 bits" in after


def total(price: dict[str, Plain], first: str = "function") -> MicroBits:
    """Return the sum of the terms of a price, as the table gives them."""
    names = (first, "timing") if first == "answer" else (first, "selection", "timing", "presence")
    return MicroBits(sum(price[name] for name in names))


def screen(node: WholeNode, request: str) -> str:
    """Return what the page of a request reads, in one line and without its tags."""
    visit = Visit(
        vault=node,
        now=NOW,
        path=f"/requests/{request}",
        names={"id": request},
        query=Fields(),
        form=Fields(),
        uploads=(),
        csrf="",
        scheme=Scheme.AUTO,
        demo=False,
        shown=ShownCards(),
        came_from_elsewhere=False,
    )
    page = request_page.show(visit)
    assert isinstance(page, Page)
    html = Renderer(Assets()).html(page, visit)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())
