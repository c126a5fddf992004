"""What `coterie trace describe` says: figures, tables, a picture, a command to make the like."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.cli import pictures
from coterie.cli.route import sheets
from coterie.cli.route.sheets import Line, Sheet, percent
from coterie.config import format_duration
from coterie.workloads.describe import PERCENTS, Conversations, Description, Quantities, Share
from coterie.workloads.lengths import fitted_lognormal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 30
MOST_NAMES = 8
NOBODY = "(no expert is named)"
NEARLY_POISSON = 0.1
COLUMNS = ("mean", "p5", "p50", "p95", "p99", "max")


def show(file: Path, kind: str, found: Description) -> None:
    """Tables, and a line for each figure."""
    sheets.show(lines(file, kind, found), tables(found))


def page(file: Path, kind: str, found: Description, figure: "Figure") -> bytes:
    """The same as HTML, with the picture in it."""
    title = f"Workload: {file.name}"
    return sheets.page(title, lines(file, kind, found), tables(found), _inline(figure))


def lines(file: Path, kind: str, found: Description) -> list[Line]:
    """A line for each figure."""
    bursts = found.burstiness
    rate = "" if found.rate is None else f": {_short(found.rate)} a second"
    said = [
        ("trace", f"{file} ({kind})"),
        ("requests", f"{found.requests:,} in {format_duration(found.duration_s)}{rate}"),
    ]
    if bursts.cv is not None:
        said.append(("gaps", f"cv {bursts.cv:.2f} (1: Poisson; more: bursts)"))
    windows = f"windows of {format_duration(bursts.window_s)}"
    if bursts.peak_to_mean is not None and bursts.dispersion is not None:
        said.append(
            (
                windows,
                f"{bursts.windows}: the fullest has {bursts.peak_to_mean:.2f} x the mean; variance "
                f"{bursts.dispersion:.2f} x the mean (1: Poisson)",
            )
        )
    if bursts.mean_distinct_experts is not None and has_experts(found):
        said.append(
            (
                "experts in each",
                f"{bursts.mean_distinct_experts:.1f} on average, at most "
                f"{bursts.most_distinct_experts}, of {len(found.experts)}",
            )
        )
    if len(found.experts) > 1:
        said.append(("popularity", f"like zipf:{found.zipf:.2f}"))
    if len(found.priorities) > 1:
        said.append(("priorities", _listed(found.priorities)))
    if found.conversations is not None:
        said += _conversations(found.conversations)
    said.append(("the like", like(found)))
    return said


def tables(found: Description) -> list[Sheet]:
    """Lengths, and who asks whom how often."""
    said = [
        Sheet(
            "Tokens of a request",
            ("", *COLUMNS),
            [
                ("in", *_row(found.prompt_tokens)),
                ("out", *_row(found.output_tokens)),
            ],
        ),
    ]
    if has_experts(found):
        said.append(_sheet("Experts", "expert", found.experts))
    if found.tenants:
        said.append(_sheet("Tenants", "tenant", found.tenants))
    return said


def like(found: Description) -> str:
    """A command that makes a workload of the same rate, bursts, popularity and lengths."""
    cv = found.burstiness.cv
    words = ["coterie trace generate -o like.csv.gz"]
    if cv is None or abs(cv - 1) < NEARLY_POISSON:
        words.append("--process poisson")
    else:
        words.append(f"--process gamma --cv {max(cv, 0.01):.3g}")
    words.append(
        f"--rate {_short(found.rate or 1.0)} --duration {max(1, round(found.duration_s))}s"
    )
    if has_experts(found):
        names = ",".join(one.name for one in found.experts)
        said = names if len(found.experts) <= MOST_NAMES else str(len(found.experts))
        words.append(f"--experts {shlex.quote(said)} --popularity zipf:{found.zipf:.2f}")
    for option, tokens in (("prompt", found.prompt_tokens), ("output", found.output_tokens)):
        fitted = fitted_lognormal(tokens.p50, tokens.p90)
        words.append(f"--{option}-tokens lognormal:{fitted.median:g},{fitted.sigma:.2f}")
    return " ".join(words)


def has_experts(found: Description) -> bool:
    """Whether the trace says whom its requests ask."""
    return found.experts[0].name != NOBODY


def drawn(found: Description) -> "Figure":
    """Rate over time, experts over time, experts' shares, and lengths. Raises CommandError."""
    figure = pictures.figure(4, 4.6, 3.6)
    over_time, by_expert, shares, lengths = figure.axes
    _rate(over_time, found)
    _experts(by_expert, found)
    ranks = range(1, len(found.experts) + 1)
    shares.plot(ranks, [one.share for one in found.experts], "o-", markersize=3)
    shares.set(xlabel="rank of the expert", ylabel="share of requests", ylim=(0, None))
    if len(found.experts) > MOST_ROWS:
        shares.set(xscale="log", yscale="log")
    for name, tokens in (("in", found.prompt_tokens), ("out", found.output_tokens)):
        points = [max(1.0, getattr(tokens, f"p{percent}")) for percent in PERCENTS]
        lengths.plot(points, PERCENTS, "o-", markersize=3, label=name)
    lengths.set(xlabel="tokens", ylabel="percent of requests", xscale="log", ylim=(0, 100))
    lengths.legend()
    for axes in (over_time, shares, lengths):
        axes.grid(alpha=0.3)
    return figure


def _inline(figure: "Figure") -> str:
    """The picture as SVG within a page."""
    text = pictures.rendered(figure, "svg").decode()
    return text[text.index("<svg") :]


def _rate(axes: Any, found: Description) -> None:
    line = found.timeline
    rates = [count / line.bin_s for count in line.requests]
    axes.step([place * line.bin_s for place in range(len(rates))], rates, where="post")
    axes.set(xlabel="seconds", ylabel="requests a second", ylim=(0, None))


def _experts(axes: Any, found: Description) -> None:
    line = found.timeline
    names = list(line.by_expert)[:MOST_ROWS]
    end_s = len(line.requests) * line.bin_s
    axes.imshow(
        [line.by_expert[name] for name in names],
        aspect="auto",
        cmap="Blues",
        interpolation="nearest",
        extent=(0, end_s, len(names) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names], fontsize=5)
    axes.set(xlabel="seconds")


def _conversations(found: Conversations) -> list[Line]:
    about = "about " if found.is_estimate else ""
    said = [
        (
            "sessions",
            f"{about}{found.sessions:,} with {found.requests:,} requests: "
            f"{found.turns.mean:.2f} each on average, p95 {found.turns.p95:g}, at most "
            f"{found.turns.max:g}",
        )
    ]
    if found.think_s is not None:
        think = found.think_s
        said.append(
            (
                "from turn to turn",
                f"p50 {format_duration(think.p50)}, p95 {format_duration(think.p95)}",
            )
        )
    return said


def _sheet(title: str, column: str, shares: Sequence[Share]) -> Sheet:
    rows = [
        (
            one.name,
            f"{one.requests:,}",
            percent(one.share),
            f"{one.mean_prompt_tokens:.0f}",
            f"{one.mean_output_tokens:.0f}",
        )
        for one in shares[:MOST_ROWS]
    ]
    rest = shares[MOST_ROWS:]
    if rest:
        share = percent(sum(one.share for one in rest))
        rows.append((f"{len(rest)} more", f"{sum(one.requests for one in rest):,}", share, "", ""))
    return Sheet(title, (column, "requests", "share", "mean in", "mean out"), rows)


def _row(tokens: Quantities) -> Sequence[str]:
    return [f"{getattr(tokens, column):.0f}" for column in COLUMNS]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _short(value: float) -> str:
    return f"{value:.4g}"
