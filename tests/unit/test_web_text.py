"""How text, figures and pictures are written."""

import re
from html import unescape

import pytest
from markupsafe import Markup

from sealhold.frontends.web import charts, formats
from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.pattern import rosette
from sealhold.frontends.web.render import Renderer
from sealhold.frontends.web.safetext import mixes_scripts, visible
from sealhold.frontends.web.visit import local_path
from sealhold.model.quantities import DAY, HOUR, Instant, MicroBits, Millis
from sealhold.model.shown import Meter


def told(used: int, pending: int, cap: int) -> Meter:
    """Return a meter in whole bits."""
    micro = 1_000_000
    return Meter(
        label="All",
        used=MicroBits(used * micro),
        pending=MicroBits(pending * micro),
        cap=MicroBits(cap * micro),
    )


@pytest.mark.threat("T61")
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("two\nlines\tand more", "two\nlines\tand more"),
        ("\u202eexe.pdf", "[U+202E]exe.pdf"),
        ("a\u200bb", "a[U+200B]b"),
        ("\x1b[31m", "[U+001B][31m"),
        ("\x00", "[U+0000]"),
        ("Zoë 日本", "Zoë 日本"),
    ],
)
def test_what_could_hide_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    ("name", "mixed"),
    [
        ("GreenCorp HR", False),
        ("Gr\u0435enCorp", True),
        ("Ελλάδα", False),
        ("ソニー Sony 株式会社", False),
        ("123", False),
    ],
)
def test_a_name_in_several_alphabets_is_flagged(name: str, *, mixed: bool) -> None:
    assert mixes_scripts(name) is mixed


@pytest.mark.threat("T60")
@pytest.mark.parametrize(
    "text", ["//evil", "/\\evil", "https://evil", "evil", "", "/a\\b", "/\t/evil", "/\u202e"]
)
def test_only_a_path_of_ours_is_gone_back_to(text: str) -> None:
    assert local_path(text) == "/"
    assert local_path("/requests?x=1") == "/requests?x=1"


@pytest.mark.parametrize(
    ("cost", "text"),
    [(1_000_000, "1 bit"), (5_000_000, "5 bits"), (0, "0 bits"), (2_584_963, "2.585 bits")],
)
def test_bits_carry_their_unit(cost: int, text: str) -> None:
    assert formats.bits(MicroBits(cost)) == text


def test_counts_ordinals_spans_and_ranges_read_as_people_write_them() -> None:
    assert formats.count(15204) == "15,204"
    assert [formats.ordinal(at) for at in (1, 2, 3, 4, 11, 12, 21, 112)] == [
        "First", "Second", "Third", "4th", "11th", "12th", "21st", "112th",
    ]  # fmt: skip
    assert formats.span(Millis(7 * DAY)) == "7 days"
    assert formats.span(HOUR) == "1 hour"
    assert formats.ranges("16-19") == "16–19"
    assert formats.ranges("-3") == "-3"
    assert formats.grouped("9c41e07b52aa1f08") == "9c41 e07b 52aa 1f08"


def test_a_time_carries_its_zone() -> None:
    at = Instant(1_795_269_900_000)

    assert re.fullmatch(r"\d{1,2} Nov 2026, \d\d:\d\d", formats.moment(at))
    assert re.search(r"[+-]\d\d:\d\d$", formats.zone(at))


def test_a_meter_fills_what_was_told_and_outlines_what_waits() -> None:
    drawn = charts.meter(told(9, 5, 64))

    assert 'class="used" x="0" y="3" width="14.06"' in drawn
    assert 'class="next" x="14.06" y="3.5" width="7.81"' in drawn
    assert charts.scale(told(9, 5, 64)) == ("0", "16", "32", "48", "64")


def test_a_meter_stays_within_its_ruler() -> None:
    drawn = charts.meter(told(80, 5, 64))

    assert 'width="100.00"' in drawn
    assert "next" not in drawn


def test_a_chart_of_a_day_says_itself_in_a_sentence() -> None:
    drawn = charts.hours(((7, 31), (13, 22)), 14 * 60, (9.1,))

    assert "53 items came in today, most of them after 07:00" in drawn
    assert "your data was used once" in drawn
    assert "style=" not in drawn


def test_a_day_without_items_is_drawn_too() -> None:
    assert "No item came in today" in charts.hours((), 30, ())


def test_the_same_digest_gives_the_same_pattern_and_any_other_another() -> None:
    digest = "5a" * 32
    patterns = {str(rosette(digest, "p"))}
    for place in range(32):
        other = digest[: 2 * place] + "5b" + digest[2 * place + 2 :]
        patterns.add(str(rosette(other, "p")))

    assert rosette(digest, "p") == rosette(digest, "p")
    assert len(patterns) == 33


@pytest.mark.threat("T61")
def test_a_label_of_a_pattern_is_escaped() -> None:
    assert Markup('aria-label="&lt;b&gt;&#34;"') in rosette("00" * 32, "p", '<b>"')


def test_what_stands_in_a_hidden_field_comes_back_as_it_is() -> None:
    page = '<input type="hidden" name="object" value="{{ name | trim }}"><b>{{ name }}</b>'
    name = 'a\u200cb"<.txt'

    shown = Renderer(Assets())._env.from_string(page).render(name=name)

    field, _, text = shown.partition("<b>")
    (sent,) = re.findall(r'value="([^"]*)">', field)
    assert "<." not in field
    assert unescape(sent) == name
    assert "[U+200C]" in text
