"""`sealhold serve`."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Thread
from types import FrameType
from typing import Annotated

import typer

from sealhold import __version__
from sealhold.frontends.cli.opening import folder_of, given_to, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.http.app import make_app
from sealhold.frontends.http.drops import Drops
from sealhold.frontends.http.journal import Aside, Journal
from sealhold.frontends.http.rounds import Rounds
from sealhold.frontends.http.serve import bind, make_server
from sealhold.model.clock import Clock
from sealhold.node import PASSPHRASE_VARIABLE, Node, WholeNode
from sealhold.node.mediawatch import watched

PORT = 8722
FRESH = 20_000  # objects more, after which garbage is looked for
WAIT_TO_END = 5.0  # seconds for a round that is under way


def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="N", help="Which port; 0 picks a free one.", min=0, max=65535)
    ] = PORT,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    log: Annotated[
        bool,
        typer.Option(
            "--log", help="Write what happens to standard error, one JSON object a line; no names."
        ),
    ] = False,
) -> None:
    """Open your vault in the browser, and answer what is due.

    The vault starts locked and is opened on its page, unless SEALHOLD_PASSPHRASE is set, or the
    key of a vault that opens with one is given. It listens on this machine alone. Ctrl-C ends it:
    what is under way is answered first, for at most 20 seconds, and the keys are dropped.
    """
    session = Session.of(context)
    world = world_of(session)
    # A stop is one exception, whether it comes from the keyboard or from whoever started this;
    # a shell that starts this in the background would have it deaf to the first of them.
    _on_stop(signal.default_int_handler)
    with WholeNode(folder_of(session), world) as node, suppress(KeyboardInterrupt):
        node.home.check()
        node.keep_room()
        if given := given_to(session, node):
            node.unlock(given)
        listener = bind(port)
        listener.listen()  # whoever is told the address may call at once, and waits for the server
        bound = listener.getsockname()[1]
        lines = Aside(_to_stderr)
        journal = Journal(lines, world.clock, node.tag) if log else None
        app = make_app(
            node,
            origin=f"http://localhost:{bound}",
            label=node.label,
            demo=False,
            clock=world.clock,
            entropy=world.entropy,
            journal=journal,
        )
        server = make_server(app)
        _on_stop(server.handle_exit)  # one that comes before it runs is kept, and ends it then
        url = f"http://{node.label}.localhost:{bound}/"
        _announce(session, node, url, bound)
        if not no_browser and sys.stdout.isatty():
            _show(url)
        gc.freeze()  # what is there by now stays, and need not be looked at again and again
        gc.set_threshold(FRESH)
        noted = _noted(journal, node, bound)
        with _rounds(node, world.clock), watched(node), lines if log else nullcontext(), noted:
            server.run(sockets=[listener])


def _on_stop(do: Callable[[int, FrameType | None], None]) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, do)


def _show(url: str) -> None:
    os.environ.pop(PASSPHRASE_VARIABLE, None)  # the browser need not inherit it
    import webbrowser  # noqa: PLC0415  # reason: a server without a screen needs none

    webbrowser.open(url)


def _announce(session: Session, node: Node, url: str, port: int) -> None:
    how = "Your vault is served, locked." if node.locked else "Your vault is open."
    emit(
        session,
        {"url": url, "port": port, "locked": node.locked},
        Line(how, "head"),
        Facts([("Address", url), ("Folder", safe(str(node.home.folder)))]),
        Line("Ctrl-C ends it.", "hint"),
    )


@contextmanager
def _noted(journal: Journal | None, node: Node, port: int) -> Iterator[None]:
    if journal is not None:
        journal.happened("started", port=port, locked=node.locked, version=__version__)
    try:
        yield
    finally:
        if journal is not None:
            journal.happened("stopping", locked=node.locked)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()


@contextmanager
def _rounds(node: Node, clock: Clock) -> Iterator[None]:
    both = (Rounds(node, clock), Drops(node))
    threads = [Thread(target=each.run, name="rounds", daemon=True) for each in both]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in both:
            each.stop()
        for thread in threads:
            thread.join(WAIT_TO_END)
