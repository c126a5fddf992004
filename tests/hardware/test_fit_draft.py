import pytest

from coterie.hardware.catalogue import load
from coterie.hardware.fit_draft import Draft, rounded
from coterie.hardware.fit_steps import Estimate

GPU, CPU = load("h200"), load("cpu")


def test_untouched_it_is_the_profile_that_it_began_with() -> None:
    for profile in (GPU, CPU):
        assert Draft(profile).done().profile == profile


def test_rates_become_parts_of_what_there_is() -> None:
    draft = Draft(GPU)
    draft.prefill, draft.read = GPU.compute / 4, GPU.tiers.hot.bandwidth / 5
    draft.efficiency("prefill", Estimate(draft.prefill, 0.05, 9))
    found = draft.done()
    assert found.profile.efficiency.prefill == 0.25
    assert found.profile.efficiency.bandwidth == 0.2
    assert found.profile.uncertainty["efficiency.prefill"] == 0.05
    assert found.profile.sources["efficiency.prefill"] == "fitted to 9 observations of a journal"
    assert found.profile.sources["efficiency.bandwidth"].endswith("reach at least")


def test_what_is_more_than_there_is_raises_it_for_all() -> None:
    draft = Draft(GPU)
    draft.prefill = 2 * GPU.compute
    found = draft.done()
    assert found.profile.compute == pytest.approx(2 * GPU.compute)
    assert found.profile.efficiency.prefill == 1.0
    assert found.profile.efficiency.decode == pytest.approx(GPU.efficiency.decode / 2)
    assert "2 times what it said" in found.lacking["compute"]


def test_links_are_no_quicker_than_host_memory() -> None:
    draft = Draft(GPU)
    draft.link(Estimate(1e11, 0.01, 5))
    found = draft.done()
    assert found.profile.tiers.host.bandwidth == 1e11
    assert found.profile.links is not None
    assert found.profile.links.bandwidth == 1e11
    assert set(found.lacking) == {"tiers.host.bandwidth", "links.bandwidth"}


def test_a_link_is_added_with_where_it_is_from() -> None:
    draft = Draft(CPU)
    draft.add_link(Estimate(5e8, 0.02, 8))
    found = draft.done()
    assert found.profile.links is not None
    assert found.profile.links.bandwidth == 5e8
    assert set(found.profile.unsourced()) == set(CPU.unsourced())


def test_four_digits_are_kept() -> None:
    assert rounded(123456.0) == 123500.0
