from msgspec import structs

from coterie.cli.route.plots import inline
from coterie.cli.route.tune_report import drawn, lines, sheets
from coterie.cli.route.tuned import Alone, Setting, Tuned

FIRST = Setting(0.0, 0.0, 0.82, 1.025, 0.9, 0.9, 0.0, 0.0, 0.82, {"dear": 0.9, "cheap": 0.1})
SECOND = Setting(0.25, 0.0, 0.8, 1.0, 0.5, 0.5, 0.0, 0.0, 0.7, {"dear": 0.5, "cheap": 0.5})
SURE = structs.replace(SECOND, confidence=0.4, unsure=0.05)
FOUND = Tuned(
    prompts=40,
    best="dear",
    generalist="dear",
    settings=[FIRST, SECOND],
    keeps={"100 %": SECOND, "99 %": None},
    thresholds=[SECOND, SURE],
    suggested=SURE,
    in_turns=0.6,
    single=[
        Alone("dear", 0.8, 1.0, 0.0, True),
        Alone("cheap", 0.5, 0.1, 0.0, True),
        Alone("poor", 0.1, 0.5, 0.0, False),
    ],
)


def test_what_is_kept_and_what_to_write() -> None:
    assert lines(FOUND) == [
        ("prompts", "40"),
        ("best single", "dear: quality 80.0 %, cost 100.0 % of the dearest's"),
        (
            "keeps 100 %",
            "economy 0.25: quality 80.0 % at 50.0 % of the best single expert's cost",
        ),
        ("keeps 99 %", "no setting does"),
        ("single experts", "on their hull, by cost: cheap 50.0 %, dear 80.0 %"),
        (
            "suggested",
            "quality 80.0 % at 50.0 % of dear's cost; single experts in turns reach 60.0 % for it",
        ),
        ("", "economy: 0.25"),
        ("", "confidence: 0.4"),
    ]


def test_settings_and_thresholds_are_tables() -> None:
    dial, sure = sheets(FOUND)
    assert dial.rows[1] == [
        *("0.25", "80.0 %", "100.0 %", "50.0 %", "50.0 %", "100 %"),
        "dear 50 %, cheap 50 %",
    ]
    assert sure.title == "Confidence, at economy 0.25"
    assert sure.rows[1] == ["0.4", "80.0 %", "50.0 %", "5.0 %"]


def test_seconds_are_told_where_they_are_known() -> None:
    timed = structs.replace(FOUND, single=[structs.replace(FOUND.single[0], seconds=2.0)])
    assert "seconds" in sheets(timed)[0].columns
    assert "seconds" not in sheets(FOUND)[0].columns


def test_a_picture() -> None:
    assert inline(drawn(FOUND)).startswith("<svg")
