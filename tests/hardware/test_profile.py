from coterie.hardware.profile import Links, Profile, Tier, Tiers

PROFILE = Profile(
    name="box",
    tiers=Tiers(hot=Tier(64, 2.0), host=Tier(128, 1.0)),
    links=Links(1, 0.5),
    compute=7.0,
    sources={"tiers.hot": "a sheet", "tiers.hot.bytes": "a label", "compute": "a guess"},
)


def test_figures_are_found_by_their_paths() -> None:
    figures = PROFILE.figures()
    assert figures["tiers.hot.bytes"] == 64
    assert figures["tiers.hot.bandwidth"] == 2.0
    assert figures["links.count"] == 1
    assert figures["compute"] == 7.0
    assert not {"version", "name", "tiers", "tiers.disk.bytes", "power_w.hot"} & figures.keys()


def test_a_source_may_be_of_a_figure_or_of_a_group() -> None:
    assert {"tiers", "tiers.hot", "tiers.hot.bytes"} <= set(PROFILE.places())
    assert PROFILE.source_of("tiers.hot.bytes") == "a label"
    assert PROFILE.source_of("tiers.hot.bandwidth") == "a sheet"
    assert PROFILE.source_of("tiers.host.bytes") == ""


def test_figures_without_a_source_are_told_unless_they_are_0() -> None:
    unsaid = PROFILE.unsourced()
    assert {"tiers.host.bytes", "links.count", "efficiency.prefill"} <= set(unsaid)
    assert not {"tiers.hot.bytes", "compute", "overheads.load", "cores"} & set(unsaid)
