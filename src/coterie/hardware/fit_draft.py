"""A profile while it is fitted: what was found of it, and what was not."""

from msgspec import Struct, structs

from coterie.hardware.calibrate import MOST_REACHED
from coterie.hardware.fit_steps import Estimate
from coterie.hardware.profile import Links, Profile

COMPUTE, BANDWIDTH = "compute", "tiers.hot.bandwidth"


class Fit(Struct, frozen=True):
    """The profile; by path what was fitted of it, and why other figures were not; and what to know
    besides.
    """

    profile: Profile
    found: dict[str, Estimate]
    lacking: dict[str, str]
    notes: tuple[str, ...]


class Draft:
    """A profile on its way. Rates are in units a second, whatever part of the whole they are."""

    def __init__(self, profile: Profile) -> None:
        self._start = self._profile = profile
        self._found: dict[str, Estimate] = {}
        self._lacking: dict[str, str] = {}
        self._notes: list[str] = []
        efficiency = profile.efficiency
        self.read = profile.tiers.hot.bandwidth * efficiency.bandwidth
        self.decode = profile.compute * efficiency.decode
        self.prefill = profile.compute * efficiency.prefill

    @property
    def profile(self) -> Profile:
        return self._profile

    def lacks(self, why: str, *paths: str) -> None:
        for path in paths:
            self._lacking[path] = why

    def note(self, text: str) -> None:
        self._notes.append(text)

    def overhead(self, name: str, seconds: float, found: Estimate | None) -> None:
        """Seconds besides; without an estimate: what they are taken for, to say the rest."""
        path, before = f"overheads.{name}", getattr(self._profile.overheads, name)
        overheads = structs.replace(self._profile.overheads, **{name: rounded(seconds)})
        self._profile = structs.replace(self._profile, overheads=overheads)
        if found is not None:
            self._found[path] = found
        elif seconds < before:
            self._lacking[path] = "it is taken to be nothing: what was seen took hardly longer"

    def efficiency(self, name: str, found: Estimate) -> None:
        """Of something that is said to be as it is; the rate is set by the caller."""
        self._found[f"efficiency.{name}"] = found

    def link(self, found: Estimate) -> None:
        """Bytes a second of all links together; no more than host memory gives."""
        links, tiers = self._profile.links, self._profile.tiers
        assert links is not None
        if found.value > MOST_REACHED * tiers.host.bandwidth:
            self._raised("tiers.host.bandwidth", tiers.host.bandwidth, found.value)
            host = structs.replace(tiers.host, bandwidth=rounded(found.value))
            self._profile = structs.replace(self._profile, tiers=structs.replace(tiers, host=host))
        whole = links.count * links.bandwidth
        if found.value > MOST_REACHED * whole:
            self._raised("links.bandwidth", links.bandwidth, found.value / links.count)
            whole = found.value
            links = structs.replace(links, bandwidth=rounded(whole / links.count))
        efficiency = structs.replace(
            self._profile.efficiency, link=rounded(min(1.0, found.value / whole))
        )
        self._profile = structs.replace(self._profile, links=links, efficiency=efficiency)
        self._found["efficiency.link"] = found

    def add_link(self, found: Estimate) -> None:
        """A link for what has none."""
        links = Links(count=1, bandwidth=rounded(found.value))
        efficiency = structs.replace(self._profile.efficiency, link=1.0)
        self._profile = structs.replace(self._profile, links=links, efficiency=efficiency)
        self._found["links.bandwidth"] = found
        self.note(
            "larger weights took longer to load: `links` stands for that, as if they were copied"
        )

    def disk(self, found: Estimate) -> None:
        tiers = self._profile.tiers
        assert tiers.disk is not None
        disk = structs.replace(tiers.disk, bandwidth=rounded(found.value))
        self._profile = structs.replace(self._profile, tiers=structs.replace(tiers, disk=disk))
        self._found["tiers.disk.bandwidth"] = found

    def done(self) -> Fit:
        """Rates as parts of what there is, or is seen to be."""
        tiers, before = self._profile.tiers, self._profile.efficiency
        compute = self._whole(COMPUTE, self._profile.compute, max(self.prefill, self.decode))
        bandwidth = self._whole(BANDWIDTH, tiers.hot.bandwidth, self.read)
        reached = {
            "prefill": self.prefill / compute,
            "decode": self.decode / compute,
            "bandwidth": self.read / bandwidth,
        }
        efficiency = structs.replace(
            before, **{name: rounded(min(1.0, part)) for name, part in reached.items()}
        )
        hot = structs.replace(tiers.hot, bandwidth=bandwidth)
        found = structs.replace(
            self._profile,
            compute=compute,
            tiers=structs.replace(tiers, hot=hot),
            efficiency=efficiency,
        )
        return Fit(self._told(found), self._found, self._lacking, tuple(self._notes))

    def _whole(self, path: str, said: float, reached: float) -> float:
        if reached <= MOST_REACHED * said:
            return said
        self._raised(path, said, reached)
        return rounded(reached)

    def _raised(self, path: str, said: float, reached: float) -> None:
        self._lacking[path] = f"raised to what was reached, {reached / said:.3g} times what it said"

    def _told(self, profile: Profile) -> Profile:
        """With where each figure is from, as far as it is another one now."""
        sources, uncertainty = dict(profile.sources), dict(profile.uncertainty)
        figures, before = profile.figures(), self._start.figures()
        for path, one in self._found.items():
            sources[path] = f"fitted to {one.count:,} observations of a journal"
            uncertainty.pop(path, None)
            if figures.get(path):
                uncertainty[path] = float(f"{one.error:.2g}")
        for path, value in figures.items():
            if path == "efficiency.link" and "links.bandwidth" in self._found:
                sources[path] = "by definition: `links` is what is reached"
            elif path == "links.count" and path not in before:
                sources["links"] = sources["links.bandwidth"]
            elif value and path not in self._found and value != before.get(path):
                sources[path] = "what a journal's observations reach at least"
                uncertainty.pop(path, None)
        return structs.replace(profile, sources=sources, uncertainty=uncertainty)


def rounded(value: float) -> float:
    """Four digits: more are never repeated."""
    return float(f"{value:.4g}")
