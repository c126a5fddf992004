"""The paper's numbers come out of the profiles; what the benchmark prints says so itself."""

from pathlib import Path

import pytest

from benchmarks.paper import (
    LLAMA,
    figure_12,
    figure_13,
    latency_s,
    nodes,
    off_print,
    points_12,
    ratio,
    run,
    state_in,
    state_of,
    systems,
    table_5,
)
from benchmarks.paper_published import EXPERTS_13, FIGURE_12, TABLE_5, nodes_13

A100, H100, SN40L = systems()


def test_table_5_is_within_2_percent_and_all_but_one_round_as_printed() -> None:
    off = {
        (row.metric, other.name): off_print(ratio(row, other, SN40L), printed)
        for row in TABLE_5
        for other, printed in ((A100, row.over_a100), (H100, row.over_h100))
    }
    assert max(off.values()) < 0.02
    assert [place for place, part in off.items() if part] == [("switching", "DGX H100")]
    assert ratio(TABLE_5[-1], H100, SN40L) == pytest.approx(15.625)


def test_figure_12_is_within_2_percent_at_every_point() -> None:
    for system in systems():
        for batch in (1, 8):
            curve = FIGURE_12[system.name, batch]
            for experts in points_12(system.name):
                found = latency_s(system, system.profile, experts, batch, 20)
                state = state_in(curve, experts, state_of(system.profile, experts, batch))
                if state == "out of memory":
                    assert found is None
                    continue
                assert found is not None
                printed = curve.fits_ms if state == "fits" else curve.spilled_ms
                assert found * 1000 == pytest.approx(printed, rel=0.02)


@pytest.mark.parametrize("batch", [1, 8])
def test_weights_leave_hbm_and_host_memory_where_the_paper_s_do(batch: int) -> None:
    for system in systems():
        curve = FIGURE_12[system.name, batch]
        states = {n: state_of(system.profile, n, batch) for n in points_12(system.name)}
        assert states == {n: state_in(curve, n, state) for n, state in states.items()}


def test_figure_13_is_exact_at_all_90_points() -> None:
    assert len(EXPERTS_13) == 90
    for experts in EXPERTS_13:
        assert nodes(A100.profile.tiers.hot.bytes, experts) == nodes_13("DGX", experts)
        assert nodes(SN40L.profile.tiers.host.bytes, experts) == nodes_13("SN40L", experts)
    assert A100.profile.tiers.hot.bytes == H100.profile.tiers.hot.bytes
    known = {40: 1, 50: 2, 100: 3, 140: 4, 320: 8, 640: 15, 850: 19, 870: 20}
    assert {n: nodes_13("DGX", n) for n in known} == known
    assert (nodes_13("SN40L", 870), nodes_13("SN40L", 880)) == (1, 2)


def test_with_a_link_for_each_gpu_the_lead_is_smaller() -> None:
    for other in (A100, H100):
        switching = TABLE_5[-1]
        one, eight = (ratio(switching, other, SN40L, fair=fair) for fair in (False, True))
        assert eight == pytest.approx(one / 8)
        assert all(
            ratio(row, other, SN40L, fair=True) <= ratio(row, other, SN40L) for row in TABLE_5
        )


@pytest.mark.parametrize(
    ("found", "printed", "off"),
    [(6.63, 6.6, 0), (1.55, 1.5, 0), (15.6, 15, 0.1 / 15), (1.4, 1.5, 0.05 / 1.5)],
)
def test_what_rounds_to_what_is_printed_is_not_off(
    found: float, printed: float, off: float
) -> None:
    assert off_print(found, printed) == pytest.approx(off, abs=1e-9)


def test_what_is_printed_says_how_well_it_agrees_and_what_is_fitted() -> None:
    table, curves, counts = table_5(), figure_12(), figure_13()
    assert len(table.rows) == 14
    assert "13 of 14 entries round as printed; not: 15.6 for 15" in table.notes[0]
    assert any("one host link" in note for note in table.notes)
    assert any("no prediction" in note for note in table.notes)
    assert "102 of 102 points" in curves.notes[0]
    assert "90 of 90 points agree exactly" in counts.notes[0]
    assert "19 DGX nodes" in counts.notes[0]


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    results = run(out=tmp_path / "new" / "folder")
    assert [result.title for result in results] == ["table V", "figure 12", "figure 13"]
    drawn = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in drawn] == ["figure12.png", "figure13.png", "table5.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_the_model_is_14_gb() -> None:
    assert LLAMA.weight_bytes == 14 * 10**9
    assert LLAMA.kv_bytes_per_token * 4096 == 2**31
