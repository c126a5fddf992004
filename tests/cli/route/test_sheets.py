import pytest

from coterie.cli.route.sheets import Sheet, page, percent, show

LINES = [("prompts", "12"), ("best single", "<giant> & co")]
SHEET = Sheet("Kinds", ("category", "quality"), [("[b]code[/b]", "9 %"), ("<prose>", "10 %")])


def test_tables_and_lines_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show(LINES, [SHEET])
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["category", "quality"]
    assert said[1].split() == ["[b]code[/b]", "9", "%"]
    assert said[-1] == "best single  <giant> & co"


def test_a_page_is_whole_by_itself_and_what_is_in_it_is_escaped() -> None:
    text = page("a & b", LINES, [SHEET], "<svg></svg>").decode()
    assert text.startswith("<!doctype html>")
    assert "<title>a &amp; b</title>" in text
    assert "<dd>&lt;giant&gt; &amp; co</dd>" in text
    assert '<td class="text">&lt;prose&gt;</td><td>10 %</td>' in text
    assert "<svg></svg>" in text
    assert "<script" not in text


def test_shares_are_percent() -> None:
    assert percent(0.12345) == "12.3 %"
