"""Terms of a query grant as TOML: what is read, and each fault by its key."""

import pytest

from sealhold.model.errors import InvalidGrantError
from sealhold.protect.peers.paper import Terms
from sealhold.protect.peers.termsfile import read_terms
from tests.planned import POLICY

HEAD = 'dataset = "clinic"\npurpose = "care"\nrows_per_day = 10\ndays = 30\n'
TABLE = '[[table]]\nname = "patient"\ncolumns = ["id", "city"]\nwhere = "city = \'Bern\'"\n'
GRID = '[grid]\ntable = "patient"\nby = ["city"]\nmeasures = ["age"]\nleast = 5\n'
TEXT = '[[statement]]\nsql = "SELECT 1"\ntypes = ["int4"]\nvalues = [["1"]]\n'


def answerable(_terms: Terms, _text: str) -> str:
    """Refuse nothing."""
    return ""


def read(text: str) -> Terms:
    return read_terms(text.encode(), POLICY, answerable)[0]


def test_each_kind_of_terms_is_read() -> None:
    rows, sums, texts = (read(HEAD + each) for each in (TABLE, GRID, TEXT))

    assert [each.full for each in rows.named] == ["public.patient"]
    assert sums.grid is not None
    assert (sums.grid.by, sums.grid.measures, sums.grid.least) == (("city",), ("age",), 5)
    assert sums.grid.table.columns == ("city", "age")
    assert texts.statements[0].values == (("1",),)
    assert read_terms((HEAD + TABLE).encode(), POLICY, answerable)[1] == 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "either"),
        (HEAD + TABLE + GRID, "either"),
        (HEAD + "more = 1\n" + TABLE, "`more`"),
        (HEAD.replace("days", "day") + TABLE, "`days`"),
        (HEAD.replace("30", "0") + TABLE, "`days`"),
        (HEAD.replace("10", "true") + TABLE, "`rows_per_day`"),
        (HEAD.replace('"care"', '""') + TABLE, "`purpose`"),
        (HEAD + TABLE.replace("patient", "nothing"), "`nothing`"),
        (HEAD.replace("clinic", "other") + TABLE, "`patient`"),
        (HEAD + TABLE.replace('"id"', '"none"'), "`none`"),
        (HEAD + TABLE.replace('"id", "city"', '"id", "id"'), "each once"),
        (HEAD + TABLE.replace('"id", "city"', ""), "names columns"),
        (HEAD + TABLE + TABLE, "twice"),
        (HEAD + TABLE.replace("city = 'Bern'", "city = (SELECT 1)"), "query"),
        (HEAD + TABLE.replace("city = 'Bern'", "true UNION SELECT 1"), "more than one"),
        (HEAD + TABLE.replace("city = 'Bern'", "patient.city = 'Bern'"), "names alone"),
        (HEAD + TABLE.replace("city = 'Bern'", "pg_sleep(1) IS NULL"), "function"),
        (HEAD + TABLE.replace("city = 'Bern'", "city ="), "parse"),
        (HEAD + GRID.replace('["age"]', '["city"]'), "measure"),
        (HEAD + GRID.replace("least = 5", "least = 1"), "`least`"),
        (HEAD + TEXT.replace("SELECT 1", "DELETE FROM patient"), "SELECT"),
        (HEAD + TEXT.replace("int4", "nothing"), "`nothing`"),
        (HEAD + TEXT.replace('[["1"]]', '[["1", "2"]]'), "counts"),
        (HEAD + "table = 1\n", "form"),
        ("= 1", "TOML"),
        (HEAD + "#" * 70_000, "64 KiB"),
    ],
)
def test_a_fault_is_told_by_its_key(text: str, said: str) -> None:
    with pytest.raises(InvalidGrantError, match=said):
        read(text)


def test_what_could_not_be_answered_is_not_granted() -> None:
    asked: list[str] = []

    def refusal(_terms: Terms, text: str) -> str:
        asked.append(text)
        return "SH002: no"

    with pytest.raises(InvalidGrantError, match="SH002"):
        read_terms((HEAD + GRID).encode(), POLICY, refusal)
    assert asked == ['SELECT "city", count(*), sum("age") FROM "patient" GROUP BY "city"']
