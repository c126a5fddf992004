"""The tables of a page."""

import re
from typing import TYPE_CHECKING

from msgspec import structs

from coterie.cli.simulation import sections
from coterie.simulator.outcome import Fault
from coterie.types import Budget
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make

TIGHT = Shape(budget=Budget(ttft=2.0), tenants=("gold", "lead"), rate=2.0, patience_s=10.0)


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_variants_are_compared_with_the_first(variant: "Make") -> None:
    wide = structs.replace(TIGHT, room=6)
    html = sections.headline([variant("tight", TIGHT), variant("wide", wide)])
    assert re.search(r'switches</th>.*?0/h<small class="good">-100 %</small>', html)
    assert re.search(r'within budget</th>.*?<small class="good">\+[\d.]+ pt</small>', html)
    same = sections.headline([variant("a", TIGHT), variant("b", TIGHT)])
    assert set(re.findall(r"<small[^>]*>([^<]*)<", same)) == {""}


def test_many_variants_have_tables_one_below_the_other(variant: "Make") -> None:
    variants = [variant(f"v{place}", Shape(requests=9)) for place in range(3)]
    assert 'class="groups"' in sections.headline(variants[:2])
    assert 'class="groups one"' in sections.headline(variants)


def test_budgets_that_were_kept_are_bars(variant: "Make") -> None:
    one = variant("a", TIGHT)
    html = sections.served("tenant", [one, one])
    assert "within budget" in html
    for row in one.metrics.tenants:
        assert row.attainment is not None
        assert html.count(f'style="width:{row.attainment * 100:.1f}%"') >= 2


def test_without_budgets_it_is_told_how_many_were_answered(variant: "Make") -> None:
    said = text(sections.served("expert", [variant("a", Shape())]))
    assert "expert requests answered first token, p95" in said
    assert "100 %" in said


def test_experts_that_only_some_variants_have_are_shown(variant: "Make") -> None:
    few, more = variant("a", Shape(experts=2)), variant("b", Shape(experts=4))
    html = sections.served("expert", [few, more])
    assert html.count("<tr>") == 1 + 4


def test_a_set_up_is_told_in_words(variant: "Make") -> None:
    said = text(sections.setup(variant("<a>", structs.replace(TIGHT, devices=9)), 0))
    assert "&lt;a&gt; policy cost devices 9 x gpu with 3GiB" in said
    assert "2 x node with link 64 GB/s, disk 2 GB/s, host memory 64GiB" in said
    assert "gold (weight 1), lead (weight 1)" in said
    kind = variant("a", TIGHT)
    kinds = dict.fromkeys(kind.setup.kinds, "mine/h100.yaml/1/8")
    kind = structs.replace(kind, setup=structs.replace(kind.setup, kinds=kinds))
    assert "devices 1 x mine/h100.yaml with 3GiB" in text(sections.setup(kind, 0))


def test_long_tables_say_what_they_leave_out(variant: "Make") -> None:
    assert "7 more are not shown" in sections.table(("a",), [("<b>",)], 8)
    assert "&lt;b&gt;" in sections.table(("a",), [("<b>",)])
    one = variant("a", Shape(requests=900, rate=0.5))
    left_out = len(one.outcome.residences) - sections.MOST_ROWS
    assert f"{left_out:,} more are not shown" in sections.stays(one)


def test_faults_and_chases_are_tables(variant: "Make") -> None:
    one = variant("a", Shape(faults=(Fault(1.5, "node", "n<1>"),)))
    assert "1.50 s node n&lt;1&gt; -" in text(sections.faults(one))
    first = one.metrics.chases[0]
    assert f"{first.experts[0]} {first.experts[1]} {first.times}" in text(sections.chases(one))
