"""A process that does all that a vault can with marked data, says `ready`, and waits to be killed.

Its texts go nowhere; what it writes besides is what the test looks for.
"""

import json
import logging
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sealhold.model.errors import InvalidError, InvalidQueryError
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.model.shown import Mode
from sealhold.node import Node
from sealhold.policy.request import Destination
from tests.scenarios.planted import Marks, plant
from tests.scenarios.vaults import Asker, Job, allow, calendar, named, new_home, opened, preview


def live(node: Node, folder: Path, mark: Marks) -> None:
    node.sources.import_paths(plant(folder / mark(), mark))
    node.sources.import_paths([calendar(folder / f"{mark()}.ics", mark.many(30))])
    for mark_found in mark.given[::20]:
        for item in node.records.search(f"{mark_found} ").items:
            node.records.get(f"r-{item.id.hex()[-12:]}")
    node.records.search(f"{mark()} {mark.given[5][:12]}*")
    node.records.timeline()
    node.records.query(f"select *, '{mark()}' from messages where subject <> '{mark()}'")
    node.records.query("select * from rows join events on true")
    for wrong in (f"select {mark()} from events", f"select '{mark()}"):
        with suppress(InvalidQueryError):
            node.records.query(wrong)
    _requests(node, mark)
    node.sources.undo(node.sources.jobs()[-1])


def _requests(node: Node, mark: Marks) -> None:
    asker = Asker(node, mark())
    code = f"# {mark()}\ndef evaluate(obj, res):\n    return len(obj['summary']) % 2\n".encode()
    job = Job(code=code, name=mark(), params={"p": mark()}, version="1.0.0")
    wish = asker.wish(asker.papers(job).digest, job, node.parts.core.clock())
    private = {
        "name": mark(),
        "reason": (("en", mark()),),
        "destination": Destination(
            name=mark(),
            url=f"https://green.example/{mark()}",
            box_key=wish.destination.box_key,
        ),
    }
    grant = ""
    for number, mode in enumerate((Mode.ONCE, Mode.UNTIL)):
        request = asker.ask(node, replace(job, version=f"1.0.{number}"), mode=mode, **private)
        preview(node, request)
        grant = named(allow(node, request))
        node.runs.run(grant)
        node.outside.fetch(asker.token, request)
    node.grants.revoke(grant)
    refused = asker.ask(node, replace(job, version="2.0.0"), budget=MicroBits(MICRO), **private)
    node.requests.refuse(refused)
    for line in node.requests.list():
        node.requests.show(f"q-{line.id.hex()[-12:]}")
    with suppress(InvalidError):
        asker.ask(node, replace(job, code=code + b"!"), name=f"{mark()}\u202e")
    node.apps.suspend(asker.shown)


def main(home: Path, folder: Path) -> None:
    """Write the marks to standard output, then live, then wait."""
    logging.basicConfig(level=logging.DEBUG)
    mark = Marks()
    with opened(new_home(home)) as node:
        live(node, folder, mark)
        (folder / "given.json").write_text(json.dumps(mark.given))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
