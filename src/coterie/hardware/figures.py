"""What an expert costs on a machine: the figures that a simulation runs on."""

from bisect import bisect

from msgspec import Struct

from coterie.types import Part


class Figures(Struct, frozen=True):
    """One expert on one kind of machine. Paces are tokens a second on one core; an accelerator is
    one core.

    `load_bytes` are copied over the node's links, once they are in host memory; they come from disk
    before, unless they were there already. `batch_share`: of an output token's work, what all
    answers that a replica generates at the same time have in common (reading weights is; a CPU's
    products are not; below 0, they get in each other's way).

    `prompt_points` are prompts that were measured, as (tokens, core-seconds) in order; between them
    and beyond, prompts lie on straight lines. Without them, each token costs the same.
    """

    parts: tuple[Part, ...]
    prompt_pace: float
    output_pace: float
    load_work: float = 0.0  # core-seconds
    threads: float = 1.0  # cores that a prompt can use at once
    output_threads: float = 1.0  # and an output token
    load_bytes: int = 0
    load_wait_s: float = 0.0  # of a load, in which neither core nor link is busy
    unload_s: float = 0.01
    first_work: float = 0.005  # core-seconds of each request besides its tokens
    template_tokens: int = 0  # that its chat template adds to a prompt
    reused_tokens: int = 0  # of those, how many a slot that was used before finds computed
    batch_share: float = 0.0
    prompt_points: tuple[tuple[float, float], ...] = ()

    def prompt_work(self, tokens: float, *, is_first: bool) -> float:
        """Core-seconds of a prompt; `is_first`: the first in its slot since the load."""
        known = 0 if is_first else self.reused_tokens
        computed = tokens + self.template_tokens - known
        points = self.prompt_points
        if len(points) < 2:
            return self.first_work + computed / self.prompt_pace
        end = min(max(1, bisect(points, (computed,))), len(points) - 1)
        (low, low_work), (high, high_work) = points[end - 1 : end + 1]
        return max(0.0, low_work + (high_work - low_work) * (computed - low) / (high - low))

    def output_work(self, tokens: int) -> float:
        """Core-seconds of the tokens after the first."""
        return max(0, tokens - 1) / self.output_pace
