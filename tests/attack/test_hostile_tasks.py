"""Tasks that use up or reach out: each is contained, in its time, and costs nobody else."""

from collections.abc import Iterator
from textwrap import dedent, indent
from time import monotonic

import pytest

from sealhold.compute.broker import GRACE, Broker
from sealhold.compute.frames import MAX_FRAME
from sealhold.compute.spec import Limits

SLACK = 5.0  # seconds for a machine that is busy with other things
LIMITS = Limits(ms_per_partition=600, memory_mib=16)
AMPLE = Limits(ms_per_partition=2000, memory_mib=16)  # wall clock: a busy machine needs room
RES = {"param": 7, "resources": {"table": b"\x01\x02"}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"

RESOURCE_BOMBS = {
    "loop": "while True: pass",
    "loop that catches all": """
        while True:
            try:
                while True: pass
            except BaseException:
                pass""",
    "loop in a finally": """
        try:
            while True: pass
        finally:
            while True: pass""",
    "recursion": """
        def down(n): return down(n + 1)
        return down(0)""",
    "recursion that catches": """
        def down(n):
            try:
                return down(n + 1)
            except BaseException:
                return down(n + 1)
        return down(0)""",
    "two functions in turn": """
        def one(n): return two(n)
        def two(n): return one(n)
        return one(1)""",
    "list": "return len([0] * 10**12)",
    "growing list": """
        kept = []
        while True: kept.append([0] * 1000)""",
    "string": "return len('x' * 10**12)",
    "doubling string": """
        text = 'x'
        while True: text = text + text""",
    "bytes": "return len(b'x' * 10**12)",
    "integer": "return 9 ** 9 ** 9 % 10",
    "shift": "return (1 << 10**12) % 10",
    "factorial": """
        n = 1
        for i in range(1, 10**9): n *= i
        return n""",
    "range": "return len(list(range(10**12)))",
    "sum over a range": "return sum(range(10**12)) % 2",
    "format width": "return len('{:>1000000000000}'.format(1))",
    "f-string width": "return len(f'{1:>1000000000000}')",
    "percent width": "return len('%1000000000000d' % 1)",
    "replace": "return len(('a' * 10**6).replace('a', 'b' * 10**6))",
    "join": "return len(('b' * 10**6).join(['a'] * 10**6))",
    "justify": "return len('a'.ljust(10**12))",
    "split": "return len(('a,' * 10**7).split(','))",
    "text of an integer": "return len(str(10**10**6))",
    "integer of a text": "return int('9' * 10**6) % 2",
    "decimal": """
        from decimal import Decimal
        return int(Decimal(10) ** Decimal(10**9))""",
    "permutations": """
        from itertools import permutations
        return len(list(permutations(range(20))))""",
    "product": """
        from itertools import product
        return len(list(product(range(1000), repeat=10)))""",
    "endless iterator": """
        from itertools import count
        return sum(count())""",
    "endless repeat": """
        from itertools import repeat
        return len(list(repeat(0)))""",
    "regular expression": """
        import re
        return len(re.findall('(a+)+$', 'a' * 50 + 'b'))""",
    "nested regular expression": """
        import re
        return len(re.findall('(' * 5000 + 'a' + ')*' * 5000, 'a' * 100))""",
    "large regular expression": """
        import re
        return len(re.findall('((a{1,500}){1,500}){1,500}', 'a' * 100))""",
    "nested JSON": """
        import json
        return len(json.loads('[' * 10**6 + ']' * 10**6))""",
    "wide JSON": """
        import json
        return len(json.dumps([[0] * 1000] * 10**6))""",
    "nested eval": "return eval('(' * 10**5 + '1' + ')' * 10**5)",
    "long eval": "return eval('1' + '+1' * 10**6)",
    "print flood": """
        while True: print('x' * 100)""",
    "one large print": "print('x' * 10**7)\nreturn 1",
    "sort": "return sorted([i * 7919 % 10**7 for i in range(10**7)])[0]",
    "set": "return len({i for i in range(10**9)})",
    "dictionary": "return len({i: i for i in range(10**9)})",
    "deep copy": """
        import copy
        a = [1]
        for i in range(64): a = [a, a]
        return len(copy.deepcopy(a))""",
    "deep comparison": """
        a, b = [1], [1]
        for i in range(64): a, b = [a, a], [b, b]
        return int(a == b)""",
    "deep text": """
        a = [1]
        for i in range(64): a = [a, a]
        return len(str(a))""",
    "many names": """
        for i in range(10**6):
            try:
                undefined
            except BaseException:
                pass
        return 1""",
    "sleep": """
        import time
        time.sleep(3600)
        return 1""",
    "exception chain": """
        try:
            raise ValueError('x' * 10**8)
        except ValueError as err:
            raise TypeError(str(err) * 10) from err""",
}
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
    return broker.evaluate(HONEST, RES, [{"x": 1}, {"x": 2}], AMPLE)


@pytest.mark.threat("T30")
@pytest.mark.parametrize("bomb", RESOURCE_BOMBS.values(), ids=RESOURCE_BOMBS)
def test_a_resource_bomb_ends_in_its_time_and_spoils_no_neighbour(
    broker: Broker, bomb: str
) -> None:
    mixed = program(f"if obj['x'] == 1:\n    return 5\n{dedent(bomb).strip()}")
    objects = [{"x": 1}, {"x": 2}, {"x": 1}]
    began = monotonic()

    answers = broker.evaluate(mixed, RES, objects, LIMITS)

    assert monotonic() - began < LIMITS.ms_per_partition / 1000 + GRACE + SLACK
    assert [answers[0], answers[2]] == [5, 5]
    assert answers[1] is None or type(answers[1]) is int
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_an_object_larger_than_a_frame_is_a_fault_of_that_object_alone(broker: Broker) -> None:
    objects: list[dict[str, object]] = [{"x": 1}, {"x": 2, "text": "y" * MAX_FRAME}, {"x": 3}]

    answers = broker.evaluate(HONEST, RES, objects, AMPLE)

    assert answers == [8, None, 10]


@pytest.mark.threat("T30")
def test_a_program_that_breaks_the_checker_is_told_as_a_static_error(broker: Broker) -> None:
    found = broker.check(b"x = " + b"(" * 100_000 + b"1" + b")" * 100_000)

    assert found
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_a_bomb_in_the_module_body_ends_in_its_time(broker: Broker) -> None:
    answers = broker.evaluate(b"while True: pass\n" + HONEST, RES, [{"x": 1}], LIMITS)

    assert answers == [None]
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_an_aggregate_that_never_ends_is_a_fault(broker: Broker) -> None:
    answer = broker.aggregate(b"def aggregate(parts):\n    while True: pass\n", [1, 2], LIMITS)

    assert answer is None
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T31")
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_a_program_reaches_nothing_outside_itself(broker: Broker, escape: str) -> None:
    answers = broker.evaluate(program(escape), RES, [{"x": 1}], LIMITS)

    assert answers[0] in {None, 0}
    assert honest(broker) == [8, 9]
