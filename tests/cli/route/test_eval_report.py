from msgspec import structs

from coterie.cli.route.eval_report import drawn, goes_to, lines, sheets, whole_confusion
from coterie.cli.route.measured import Categories, Frontier, Kind, Measured
from coterie.cli.route.plots import inline
from coterie.router.evaluate import Point, Quality

KNOWN = Categories(
    prompts=10,
    others=2,
    accuracy=0.7,
    calibration_error=0.05,
    bins=[(0.6, 0.5, 4), (0.9, 0.9, 6)],
    out_of_scope=0.96,
    names=("code", "law", "prose"),
    confusion=[[4, 0, 1], [0, 0, 2], [0, 0, 3]],
)
FOUND = Measured(
    router="my.router",
    digest="abc",
    prompts=12,
    experts=("coder", "writer"),
    ms=0.25,
    categories=KNOWN,
    quality=Quality(11, 0.82, 0.75, "writer", 0.5, 0.95, 0.07, -0.01, 0.15),
    gap_closed=(0.35, -0.05, 0.75),
    goes_to={"writer": 0.75, "coder": 0.25},
    kinds=[Kind("code", 5, 0.8, 0.9, 0.5), Kind("poems", 2, None, None, None)],
    frontier=Frontier(
        11,
        0.7,
        0.6,
        0.8,
        [Point(0.0, 0.8, 0.82), Point(1.0, 0.4, 0.6)],
        [Point(0.0, 0.4, 0.6), Point(1.0, 1.0, 0.75)],
    ),
    paraphrases={"case": 1.0, "typing errors": 0.9},
)
NOTHING = structs.replace(
    FOUND, categories=None, quality=None, gap_closed=None, kinds=[], frontier=None, paraphrases={}
)


def test_a_line_for_each_figure() -> None:
    assert lines(FOUND) == [
        ("prompts", "12"),
        ("category accuracy", "70.0 % of 10 prompts; 2 prompts are of others"),
        ("calibration error", "0.050"),
        ("out of scope", "AUROC 0.960"),
        (
            "quality",
            "82.0 %, on 11 prompts: +7.0 points over the best single, 95 % interval -1.0 to +15.0",
        ),
        ("best single", "75.0 %, writer"),
        ("random", "50.0 %"),
        ("oracle", "95.0 %"),
        ("gap closed", "35.0 % of that to the oracle (-5.0 to 75.0 %)"),
        ("goes to", "writer 75 %, coder 25 %"),
        ("cost", "80.0 % of the dearest's; single experts in turns reach 70.0 % for it"),
        ("area (AIQ)", "70.0 %, single experts 60.0 %"),
        ("paraphrased", "95.0 % go to the same expert (case 100.0 %, typing errors 90.0 %)"),
        ("time", "0.25 ms a prompt, the median"),
    ]


def test_what_is_not_known_is_said_not_to_be() -> None:
    told = dict(lines(NOTHING))
    assert told["categories"].startswith("not compared")
    assert told["quality"].startswith("not compared")
    assert told["cost"].startswith("skipped")
    assert sheets(NOTHING) == whole_confusion(NOTHING) == []
    assert inline(drawn(NOTHING)).startswith("<svg")


def test_tables_of_categories_and_mistakes() -> None:
    kinds, mistakes = sheets(FOUND)
    assert kinds.rows == [
        ["code", "5", "80.0 %", "90.0 %", "50.0 %"],
        ["poems", "2", "-", "-", "-"],
    ]
    assert mistakes.rows == [("law", "prose", "2"), ("code", "prose", "1")]
    (whole,) = whole_confusion(FOUND)
    assert whole.columns == ("category", "code", "law", "prose")
    assert whole.rows[0] == ("code", "4", "", "1")


def test_a_picture_of_all() -> None:
    assert len(drawn(FOUND).axes) == 3
    assert inline(drawn(FOUND)).startswith("<svg")


def test_the_first_few_are_named() -> None:
    shares = {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.05, "e": 0.05, "f": 0.0}
    assert goes_to(shares) == "a 40 %, b 30 %, c 20 %, 2 others 10 %"
