"""The demo's server: Alice's vault, unlocked, on a loopback port."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from sealhold.demo.build import PASSPHRASE, DemoFolders, world
from sealhold.demo.stage import Stage
from sealhold.demo.tamper import bent_copy
from sealhold.frontends.http.app import make_app
from sealhold.frontends.http.serve import bind, make_server
from sealhold.frontends.seam import DemoStage
from sealhold.node import WholeNode

LABEL_BYTES = 16


@contextmanager
def serving(folders: DemoFolders, port: int) -> Iterator[Stage]:
    """Serve the demo in a thread for as long as the block runs.

    Raises:
        UsageError: the port is taken.
    """
    here = world()
    listener = bind(port)
    port = listener.getsockname()[1]
    label = base64.b32encode(here.entropy(LABEL_BYTES)).decode().rstrip("=").lower()
    with WholeNode(folders.vault, here) as node:
        node.unlock(PASSPHRASE)
        app = make_app(
            node,
            origin=f"http://localhost:{port}",
            label=label,
            demo=True,
            stage=DemoStage(passphrase=PASSPHRASE, tamper=lambda: bent_copy(folders, here)),
            clock=here.clock,
            entropy=here.entropy,
        )
        server = make_server(app)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http")
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Stage(folders=folders, port=port, label=label)
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
