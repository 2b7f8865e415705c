"""Tasks that use up what there is: each is contained, in its time, and costs nobody else."""

from collections.abc import Iterator
from textwrap import dedent, indent

import pytest

from sealhold.compute.broker import GRACE, Broker
from sealhold.compute.frames import MAX_FRAME
from sealhold.compute.spec import Limits
from tests.calm import Calm

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
    "loop that catches by class": """
        while True:
            try:
                while True: 1 // 0
            except Exception:
                continue""",
    "loop that catches what ends it": """
        def again():
            try:
                while True: pass
            except (TimeoutError, MemoryError, RecursionError, KeyboardInterrupt, SystemExit):
                return again()
        return again()""",
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
    "text of bytes": "return len(str(b'x' * 10**7) * 10**6)",
    "bytes joined": "return len((b'b' * 10**6).join([b'a'] * 10**6))",
    "tuple": "return len((0,) * 10**12)",
    "reversed list": "return len(list(reversed([0] * 10**9)))",
    "list of lists": "return len([[0] * 1000 for _ in range(10**9)])",
    "sum of lists": "return len(sum([[0] * 1000] * 10**6, []))",
    "slices": """
        text = 'x' * 10**6
        return len([text[i:] for i in range(10**6)])""",
    "extended by itself": """
        kept = [0]
        while True: kept.extend(kept)""",
    "integer": "return 9 ** 9 ** 9 % 10",
    "integer to a power": "return pow(3, 10**9) % 7",
    "integer to a power, by a remainder": "return pow(3, 10**10**5, 10**10**5 + 7) % 7",
    "multiplied digits": "return (10**10**5 * 10**10**5) % 7",
    "divided digits": "return (10**10**6 // 7) % 7",
    "common divisor": """
        import math
        return math.gcd(10**10**5 + 1, 10**(10**5 - 1) + 1)""",
    "binomial": """
        import math
        return math.comb(10**8, 10**7) % 7""",
    "factorial of the library": """
        import math
        return math.factorial(10**8) % 7""",
    "root of digits": """
        import math
        return math.isqrt(10**10**6) % 7""",
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
    "centre": "return len('a'.center(10**12))",
    "zeros in front": "return len('1'.zfill(10**12))",
    "tabs": "return len(('\\t' * 10**6).expandtabs(10**6))",
    "digits behind the point": "return len('{:.1000000000f}'.format(1.5))",
    "width in a width": "return len('{:>{width}}'.format(1, width=10**12))",
    "replace by nothing at each place": "return len(('a' * 10**6).replace('', 'b' * 10**6))",
    "split": "return len(('a,' * 10**7).split(','))",
    "text of an integer": "return len(str(10**10**6))",
    "integer of a text": "return int('9' * 10**6) % 2",
    "decimal": """
        from decimal import Decimal
        return int(Decimal(10) ** Decimal(10**9))""",
    "permutations": """
        from itertools import permutations
        return len(list(permutations(range(20))))""",
    "combinations": """
        from itertools import combinations
        return len(list(combinations(range(60), 30)))""",
    "cycle": """
        from itertools import cycle
        return sum(cycle([1]))""",
    "counted": """
        from collections import Counter
        return len(Counter(range(10**9)))""",
    "queue": """
        from collections import deque
        return len(deque(range(10**9)))""",
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
    "regular expression over alternatives": """
        import re
        return len(re.findall('(a|a)*$', 'a' * 60 + 'b'))""",
    "regular expression over blanks": """
        import re
        return len(re.sub('( +)+x', '', ' ' * 60 + 'y'))""",
    "regular expression looking back at itself": """
        import re
        return len(re.findall('(a*)*\\\\1b', 'a' * 60))""",
    "many regular expressions": """
        import re
        return sum(len(re.findall('a{%d}' % i, 'a')) for i in range(10**9))""",
    "split by a regular expression": """
        import re
        return len(re.split('(x+x+)+y', 'x' * 60))""",
    "nested JSON objects": """
        import json
        return len(json.loads('{"a":' * 10**6 + '1' + '}' * 10**6))""",
    "digits in JSON": """
        import json
        return json.loads('9' * 10**6) % 7""",
    "JSON of a list in itself": """
        import json
        a = [1]
        a.append(a)
        return len(json.dumps(a))""",
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
    "print of a shared list": """
        a = [1]
        for i in range(64): a = [a, a]
        print(a)
        return 1""",
    "hash of a nest": """
        a = (1,)
        for i in range(64): a = (a, a)
        return hash(a) % 2""",
    "order of a nest": """
        a, b = [1], [1]
        for i in range(64): a, b = [a, a], [b, b]
        return int(a < b)""",
    "search in a nest": """
        a, b = [1], [2]
        for i in range(64): a, b = [a, a], [b, b]
        return int(b in a)""",
    "deep nest": """
        a = []
        for i in range(10**6): a = [a]
        return len(str(a))""",
    "deep nest that is compared": """
        a, b = [], []
        for i in range(10**5): a, b = [a], [b]
        return int(a == b)""",
    "sort by a key that never ends": """
        def key(n):
            while True: pass
        return sorted([2, 1], key=key)[0]""",
    "many attributes": """
        class Kept: pass
        kept = Kept()
        for i in range(10**9): setattr(kept, 'a%d' % i, i)
        return 1""",
    "many functions": """
        kept = []
        for i in range(10**9): kept.append(lambda: i)
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
    began = Calm()

    answers = broker.evaluate(mixed, RES, objects, LIMITS)

    assert began.within(LIMITS.ms_per_partition / 1000 + GRACE + SLACK)
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


PARSER_BOMBS = {
    "brackets": b"x = " + b"(" * 100_000 + b"1" + b")" * 100_000,
    "lists": b"x = " + b"[" * 100_000 + b"]" * 100_000,
    "dictionaries": b"x = " + b"{1:" * 100_000 + b"1" + b"}" * 100_000,
    "signs": b"x = " + b"-" * 100_000 + b"1",
    "negations": b"x = " + b"not " * 100_000 + b"1",
    "powers": b"x = " + b"2**" * 100_000 + b"2",
    "sums": b"x = " + b"1+" * 100_000 + b"1",
    "comparisons": b"x = " + b"1<" * 100_000 + b"1",
    "conditions": b"x = " + b"1 if 1 else " * 100_000 + b"1",
    "lambdas": b"x = " + b"lambda: " * 100_000 + b"1",
    "calls": b"x = " + b"f(" * 100_000 + b")" * 100_000,
    "attributes": b"x = a" + b".a" * 100_000,
    "subscripts": b"x = a" + b"[0]" * 100_000,
    "formatted texts": b"x = " + b"f'{" * 200 + b"1" + b"}'" * 200,
    "comprehensions": b"x = " + b"[" * 5_000 + b"0" + b" for i in range(2)]" * 5_000,
    "targets": b"x" + b" = x" * 100_000,
    "indented blocks": b"".join(b" " * n + b"if 1:\n" for n in range(500)) + b" " * 500 + b"pass",
    "functions in functions": b"".join(b" " * n + b"def f():\n" for n in range(300))
    + b" " * 300
    + b"pass",
    "decorators": b"@f\n" * 100_000 + b"def g(): pass",
    "digits": b"x = " + b"9" * 200_000,
    "exponent": b"x = 1e" + b"9" * 100_000,
    "open text": b"x = '" + b"a" * 200_000,
    "zero bytes": b"\x00" * 10_000,
    "no UTF-8": b"\xff\xfe" * 10_000,
    "names": b"".join(b"a%d = 1\n" % n for n in range(20_000)),
}


@pytest.mark.threat("T30")
@pytest.mark.parametrize("bomb", PARSER_BOMBS.values(), ids=PARSER_BOMBS)
def test_a_program_that_is_a_nest_costs_its_parser_alone(broker: Broker, bomb: bytes) -> None:
    began = Calm()

    answers = broker.evaluate(bomb + b"\n" + HONEST, RES, [{"x": 1}], LIMITS)

    assert began.within(LIMITS.ms_per_partition / 1000 + GRACE + SLACK)
    assert answers in ([None], [8])
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_a_bomb_in_the_module_body_ends_in_its_time(broker: Broker) -> None:
    answers = broker.evaluate(b"while True: pass\n" + HONEST, RES, [{"x": 1}], LIMITS)

    assert answers == [None]
    assert honest(broker) == [8, 9]


AGGREGATES = {
    "loop": "while True: pass",
    "recursion": "return aggregate(parts)",
    "memory": "return len('x' * 10**12)",
    "exception": "raise ValueError(parts)",
    "text": "return '1'",
    "true": "return True",
    "list": "return parts",
    "number beyond 64 bits": "return 2**64",
    "file": "return len(open('/etc/passwd').read())",
}


@pytest.mark.threat("T30")
@pytest.mark.threat("T35")
@pytest.mark.parametrize("body", AGGREGATES.values(), ids=AGGREGATES)
def test_an_aggregate_that_fails_is_a_fault(broker: Broker, body: str) -> None:
    code = f"def aggregate(parts):\n    {body}\n".encode()

    answer = broker.aggregate(code, [1, 2], LIMITS)

    assert answer is None
    assert honest(broker) == [8, 9]
