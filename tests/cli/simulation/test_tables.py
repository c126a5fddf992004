"""Simulations side by side, for people and for machines."""

import json
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from coterie.cli.simulation.tables import (
    MOST_EXPERTS,
    document,
    experts,
    noted,
    remarks,
    show,
    tenants,
    whole,
)
from coterie.types import Budget
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make

TIGHT = Shape(budget=Budget(ttft=2.0), tenants=("gold", "lead"), rate=2.0, patience_s=10.0)
WIDE = structs.replace(TIGHT, room=6)


def test_a_few_variants_are_columns(variant: "Make") -> None:
    sheet = whole([variant("tight", TIGHT), variant("wide", WIDE)])
    assert sheet.columns == ["", "tight", "wide"]
    rows = {row[0]: row[1:] for row in sheet.rows}
    assert rows["requests"] == ["300", "300"]
    assert rows["switches"][1] == "0/h"
    assert rows["memory used, most"] == ["100 %", "100 %"]
    assert "failed" not in rows  # none did
    assert rows["refused"] != ["-", "-"]


def test_many_variants_are_rows(variant: "Make") -> None:
    sheet = whole([variant(f"v{number}", TIGHT) for number in range(6)])
    assert sheet.columns[:3] == ["variant", "answered", "within budget"]
    assert [row[0] for row in sheet.rows] == [f"v{number}" for number in range(6)]


def test_tenants_are_told_of_where_there_are_several(variant: "Make") -> None:
    sheet = tenants([variant("a", TIGHT), variant("b", WIDE)])
    assert sheet.columns[:3] == ["tenant", "variant", "requests"]
    assert [tuple(row[:3]) for row in sheet.rows] == [
        ("gold", "a", "150"),
        ("gold", "b", "150"),
        ("lead", "a", "150"),
        ("lead", "b", "150"),
    ]
    assert tenants([variant("a", Shape())]).rows == []


def test_the_busiest_experts_come_first_and_the_rest_is_counted(variant: "Make") -> None:
    one = variant("a", Shape(experts=MOST_EXPERTS + 3, room=4))
    sheet = experts([one])
    assert len(sheet.rows) == MOST_EXPERTS
    counts = [int(row[1]) for row in sheet.rows]
    assert counts == sorted(counts, reverse=True)
    assert "3 more experts, of which less is asked, are not shown" in remarks([one])


def test_what_went_wrong_is_said_in_words(variant: "Make") -> None:
    one = variant("a", TIGHT)
    lines = "\n".join(remarks([one]))
    assert f"not answered: wait_exceeded {one.metrics.refused}" in lines
    assert "loads brought back what had been evicted" in lines
    assert "a: not answered" in "\n".join(remarks([one, one]))


def test_tables_are_printed_as_they_are(
    variant: "Make", capsys: pytest.CaptureFixture[str]
) -> None:
    show([variant("[b]bold[/b]", TIGHT), variant("wide", WIDE)])
    said = capsys.readouterr().out
    assert said.splitlines()[0].split() == ["[b]bold[/b]", "wide"]
    assert "expert-00" in said
    assert "gold" in said
    assert "took each other's place" in said


def test_of_nothing_a_table_is_printed_too(
    variant: "Make", capsys: pytest.CaptureFixture[str]
) -> None:
    show([variant("nothing", Shape(requests=0))])
    assert "nothing" in capsys.readouterr().out


def test_the_document_has_every_number_and_no_other_value(variant: "Make") -> None:
    found = document([variant("tight", TIGHT), variant("nothing", Shape(requests=0))])
    text = json.dumps(found, allow_nan=False)
    tight, nothing = json.loads(text)
    assert (tight["name"], tight["policy"]) == ("tight", "cost")
    assert tight["figures"]["p95_ttft"] == tight["ttft"]["p95"]
    assert len(tight["experts"]) == 6
    assert tight["devices"][0]["peak_share"] == 1.0
    assert nothing["figures"]["p95_ttft"] is nothing["ttft"] is None


def test_more_notes_than_are_read_are_counted() -> None:
    assert noted(["slow"]) == ["note: slow"]
    said = noted([f"no room for {number}" for number in range(48)])
    assert said[-2:] == ["note: no room for 11", "36 more notes are in --json"]
