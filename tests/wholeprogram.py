"""All of the program, imported: what tests/forked.py loads once for many processes."""

import gc
import pkgutil
from importlib import import_module

import sealhold.frontends.cli
from tests import stretched, warmbrokers

for _found in pkgutil.iter_modules(sealhold.frontends.cli.__path__):
    import_module(f"sealhold.frontends.cli.{_found.name}")

warmbrokers.install()
stretched.install()
gc.collect()
gc.freeze()  # what is here stays, and no collection of a child need look at it
