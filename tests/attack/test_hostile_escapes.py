"""Tasks that reach out: for files, processes, the network, and the runtime around them."""

from collections.abc import Iterator
from textwrap import dedent, indent

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits

LIMITS = Limits(ms_per_partition=600, memory_mib=16)
RES = {"param": 7, "resources": {"table": b"\x01\x02"}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"

ESCAPES = {  # each returns a positive number if it reached anything
    "read a file": "return len(open('/etc/passwd').read())",
    "read by a path": """
        from pathlib import Path
        return len(Path('/etc/passwd').read_text())""",
    "write a file": "return open('/tmp/escaped', 'w').write('x')",
    "list a folder": """
        import os
        return len(os.listdir('/'))""",
    "read /proc": "return len(open('/proc/self/environ').read())",
    "read its own memory": "return len(open('/proc/self/mem', 'rb').read(1))",
    "read its own map": "return len(open('/proc/self/maps').read())",
    "read its parent": """
        from pathlib import Path
        return len(list(Path('/proc').iterdir()))""",
    "write to /proc": "return open('/proc/self/oom_score_adj', 'w').write('0')",
    "a link": """
        import os
        os.symlink('/etc/passwd', '/tmp/link')
        return 1""",
    "a temporary file": """
        import tempfile
        return len(tempfile.mkdtemp())""",
    "a database file": """
        import sqlite3
        return len(str(sqlite3.connect('/tmp/escaped')))""",
    "a home folder": """
        from pathlib import Path
        return len(str(Path.home())) + len(str(Path.cwd()))""",
    "environment": """
        import os
        return len(os.environ)""",
    "one variable": """
        import os
        return len(os.getenv('PATH'))""",
    "process id": """
        import os
        return os.getpid()""",
    "command": """
        import os
        return 1 + os.system('true')""",
    "subprocess": """
        import subprocess
        return len(subprocess.run(['true']).args)""",
    "fork": """
        import os
        return 1 + os.fork()""",
    "signal": """
        import os, signal
        os.kill(1, signal.SIGTERM)
        return 1""",
    "processes": """
        import multiprocessing
        return multiprocessing.cpu_count()""",
    "shared memory": """
        from multiprocessing import shared_memory
        return shared_memory.SharedMemory(create=True, size=1).size""",
    "mapped memory": """
        import mmap
        return len(mmap.mmap(-1, 1))""",
    "limits": """
        import resource
        return resource.getrlimit(resource.RLIMIT_AS)[0]""",
    "host name": """
        import platform
        return len(platform.node())""",
    "user": """
        import getpass
        return len(getpass.getuser())""",
    "socket pair": """
        import socket
        return socket.socketpair()[0].fileno()""",
    "name of a host": """
        import socket
        return len(socket.gethostbyname('localhost'))""",
    "mail": """
        import smtplib
        return len(str(smtplib.SMTP('127.0.0.1')))""",
    "event loop": """
        import asyncio
        asyncio.run(asyncio.open_connection('127.0.0.1', 80))
        return 1""",
    "random bytes": """
        import os
        return 1 + os.urandom(1)[0]""",
    "secrets": """
        import secrets
        return 1 + secrets.randbelow(9)""",
    "random id": """
        import uuid
        return uuid.uuid4().int % 1000 + 1""",
    "socket": """
        import socket
        return socket.socket().fileno()""",
    "request": """
        import urllib.request
        return urllib.request.urlopen('http://127.0.0.1/').status""",
    "C library": """
        import ctypes
        return ctypes.CDLL(None).getpid()""",
    "threads": """
        import threading
        return threading.active_count()""",
    "unpickle": """
        import pickle
        return len(pickle.loads(b'cos\\nsystem\\n(S"true"\\ntR.'))""",
    "import by name": "return len(__import__('socket').__name__)",
    "import machinery": """
        import importlib
        return len(importlib.import_module('socket').__name__)""",
    "subclasses": "return len(().__class__.__bases__[0].__subclasses__())",
    "frames": """
        import sys
        return len(sys._getframe().f_back.f_globals)""",
    "traceback": """
        try:
            raise ValueError
        except ValueError as err:
            return len(err.__traceback__.tb_frame.f_globals)""",
    "function globals": "return len(evaluate.__globals__)",
    "code object": "return evaluate.__code__.co_stacksize",
    "bases": "return len(evaluate.__class__.__mro__)",
    "attribute walk in a format": "return len('{0.__class__.__init__.__globals__}'.format(obj))",
    "attribute walk by name": "return len(getattr(getattr((), '__class__'), '__subclasses__')())",
    "built-ins by name": "return len(__builtins__['open']('/etc/passwd').read())",
    "built-ins by attribute": "return len(print.__self__.open('/etc/passwd').read())",
    "a method's function": "return len(''.join.__func__.__globals__)",
    "closure": """
        def inner(): return obj
        return len(inner.__closure__)""",
    "compiled code": "return len(compile('1', 'x', 'exec').co_code)",
    "executed code": "exec('import os')\nreturn len(os.sep)",
    "inspection": """
        import inspect
        return len(inspect.stack())""",
    "collector": """
        import gc
        return len(gc.get_objects())""",
    "weak references": """
        import weakref
        return weakref.getweakrefcount(evaluate) + 1""",
    "at the end": """
        import atexit
        atexit.register(print)
        return 1""",
    "trace": """
        import sys
        sys.settrace(print)
        return 1""",
    "recursion limit": """
        import sys
        sys.setrecursionlimit(10**9)
        return 1""",
    "exception hook": """
        import sys
        sys.excepthook = print
        return 1""",
    "log file": """
        import logging
        logging.FileHandler('/tmp/escaped.log')
        return 1""",
    "modules": """
        import sys
        return len(sys.modules)""",
    "host package": """
        import sealhold.compute.broker
        return 1""",
    "around the guest types": """
        import sealhold.compute.guest as guest
        return len(guest.__loader__.__class__.__name__)""",
    "standard input": "return len(input())",
    "debugger": "return len(str(breakpoint()))",
}


def program(body: str) -> bytes:
    """Return a program whose `evaluate` has this body."""
    lines = indent(dedent(body).strip(), "    ")
    return f"def evaluate(obj, res):\n{lines}\n".encode()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


def honest(broker: Broker) -> list[int | None]:
    ample = Limits(ms_per_partition=2000, memory_mib=16)  # a busy machine needs room
    return broker.evaluate(HONEST, RES, [{"x": 1}, {"x": 2}], ample)


@pytest.mark.threat("T31")
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_a_program_reaches_nothing_outside_itself(broker: Broker, escape: str) -> None:
    answers = broker.evaluate(program(escape), RES, [{"x": 1}], LIMITS)

    assert answers[0] in {None, 0}
    assert honest(broker) == [8, 9]
