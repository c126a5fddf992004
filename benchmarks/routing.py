"""The learned router on rated prompts that it was not fitted to, beside what else one would do.

Protocol: random 70/30 splits (five), fitted to the 70 %, frozen, mean score of the choices on the
30 %. Differences come with the 95 % interval of the paired bootstrap over all splits' prompts. No
run chooses anything by held-out scores.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.composition import GB, RIVAL, RIVAL_BUDGET_GB, TRAIN, Set
from benchmarks.composition import SETS as COMPOSED
from benchmarks.routing_baselines import BASELINES
from benchmarks.tables import Result
from coterie.planner import Candidate, Problem, fitting_pull, select, weigh
from coterie.router import dial
from coterie.router.embedders import Embedder, Floats, Integers, open_embedder
from coterie.router.evaluate import Point, interval
from coterie.router.fit import fit
from coterie.router.learned import Learned
from coterie.router.paraphrase import KINDS, paraphrases
from coterie.router.ratings import Ratings, read_ratings

DIALS = tuple(float(x) for x in np.linspace(0, 1, 101))
REPHRASED = 300


SETS = (*COMPOSED, Set("routellm2", "routellm2", 1e9))


class Split(NamedTuple):
    train: Ratings
    held: Ratings


def read(data: Path, one: Set) -> tuple[Ratings, dict[str, dict[str, Any]]]:
    """The prompts that every expert was measured on, and what is said of the experts."""
    folder = data / "matrices" / one.folder
    models = folder / "models.json"  # a set without it has all its experts take part
    listed = json.loads(models.read_text()) if models.exists() else []
    said = {model["name"]: model for model in listed}
    found = read_ratings([folder / "prompts.jsonl.gz", folder / "scores.csv.gz"])
    names = [
        name
        for name in found.experts
        if not said or 0 < (said[name]["params_b"] or 0) <= one.most_params_b
    ]
    found = found.only(names)
    blank = np.isnan(found.scores)
    whole = blank.mean(axis=0) < 0.05  # an expert that was measured on few prompts is left out
    found = found.only([name for name, kept in zip(names, whole, strict=True) if kept])
    return found.take(np.flatnonzero(~np.isnan(found.scores).any(axis=1))), said


def split(ratings: Ratings, seed: int) -> Split:
    rows = np.random.default_rng(seed).permutation(len(ratings))
    cut = int(len(rows) * TRAIN)
    return Split(ratings.take(rows[:cut]), ratings.take(rows[cut:]))


def expected(learned: Learned, prompts: Sequence[str]) -> Floats:
    """The scores that a router expects, n x m."""
    found = [learned.predict(prompt).scores for prompt in prompts]
    return np.array([[one[name] for name in learned.experts] for one in found], dtype=np.float32)


def got(held: Ratings, chosen: Integers) -> Floats:
    scores: Floats = held.scores[np.arange(len(held)), chosen]
    return scores


def quality(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """Each method's mean score, beside the best single expert, the true category and an oracle."""
    results = []
    for one in SETS:
        ratings, _ = read(data, one)
        gains: dict[str, list[Floats]] = {}
        scores: dict[str, list[float]] = {}
        for seed in seeds:
            parts = split(ratings, seed)
            best = got(parts.held, _same(parts.held, int(parts.train.scores.mean(axis=0).argmax())))
            methods: dict[str, Callable[[Split, Embedder], Integers]] = {
                "random": lambda parts, _: np.random.default_rng(0).integers(
                    len(parts.held.experts), size=len(parts.held)
                ),
                **BASELINES,
                "coterie": _coterie,
                "oracle": lambda parts, _: parts.held.scores.argmax(axis=1),
            }
            for name, choose in methods.items():
                scored = got(parts.held, choose(parts, embedder))
                gains.setdefault(name, []).append(scored - best)
                scores.setdefault(name, []).append(float(scored.mean()))
            scores.setdefault("best single", []).append(float(best.mean()))
        ceiling = np.mean(scores["oracle"]) - np.mean(scores["best single"])
        rows = []
        for name in ("best single", *gains):
            none = [np.zeros(1, dtype=np.float32)]
            joined = np.concatenate(gains.get(name, none))
            low, high = interval(joined)
            gain = float(np.mean(scores[name]) - np.mean(scores["best single"]))
            rows.append(
                {
                    "method": name,
                    "score": round(100 * float(np.mean(scores[name])), 2),
                    "over best single": round(100 * gain, 2),
                    "95 % from": round(100 * low, 2),
                    "to": round(100 * high, 2),
                    "gap closed": round(gain / ceiling, 3),
                }
            )
        note = (
            f"{len(ratings):,} prompts, {len(ratings.experts)} experts, {len(seeds)} splits, "
            f"embedder {embedder.name}; scores in percent"
        )
        results.append(Result("routing", f"quality, {one.title}", rows, (note,)))
    return results


def cost(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """What share of the best single expert's cost keeps so much of its quality."""
    ratings, said = read(data, SETS[0])
    costs = np.array([said[name]["active_params_b"] for name in ratings.experts], dtype=np.float32)
    found: dict[float, list[float]] = {1.0: [], 0.99: [], 0.97: []}
    for seed in seeds:
        parts = split(ratings, seed)
        best = int(parts.train.scores.mean(axis=0).argmax())
        reference = float(parts.held.scores[:, best].mean())
        learned = fit(parts.train, embedder)
        expectations = expected(learned, parts.held.prompts)
        points = []
        for economy in DIALS:
            chosen = dial.chosen(weighed(ratings.experts, expectations, costs), economy)
            points.append(
                Point(economy, float(costs[chosen].mean()), float(got(parts.held, chosen).mean()))
            )
        for share, costs_at in found.items():
            enough = [one.cost for one in points if one.quality >= share * reference]
            costs_at.append(min(enough, default=float("nan")) / float(costs[best]))
    rows = [
        {
            "quality kept": f"{share:.0%}",
            "cost of best single": round(float(np.median(shares)), 3),
            "least": round(min(shares), 3),
            "most": round(max(shares), 3),
        }
        for share, shares in found.items()
    ]
    note = f"cost: active parameters; {len(seeds)} splits, median; the dial has 101 settings"
    return [Result("routing", "cost at a quality, llmrouter9", rows, (note,))]


def weighed(experts: tuple[str, ...], expectations: Floats, costs: Floats) -> dial.Weighed:
    """Experts of which only quality and cost are known."""
    n, m = expectations.shape
    return dial.Weighed(
        experts,
        expectations.astype(np.float64),
        (costs / costs.max()).astype(np.float64),
        np.zeros(m),
        np.ones(n),
        np.zeros(n, dtype=np.bool_),
        0,
    )


def composition(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """Experts chosen by `coterie compose` within 50 GB, and routed, beside one of 103 GB."""
    ratings, said = read(data, SETS[0])
    rival = ratings.experts.index(RIVAL)
    differences: list[Floats] = []
    rows = []
    for seed in seeds:
        parts = split(ratings, seed)
        pool = tuple(
            Candidate(name, round(said[name]["bf16_gb"] * GB), said[name]["active_params_b"])
            for name in ratings.experts
        )
        pull = fitting_pull(parts.train.scores, parts.train.categories)
        table = weigh(parts.train.scores, parts.train.categories, pull)
        plan = select(
            Problem(pool, table.categories, table.weights, table.quality, RIVAL_BUDGET_GB * GB)
        )
        learned = fit(parts.train.only(plan.experts), embedder)
        own = parts.held.only(plan.experts)
        scored = got(own, expected(learned, own.prompts).argmax(axis=1))
        differences.append(scored - parts.held.scores[:, rival])
        rows.append(
            {
                "split": seed,
                "chosen": ", ".join(plan.experts),
                "score": round(100 * float(scored.mean()), 2),
                RIVAL: round(100 * float(parts.held.scores[:, rival].mean()), 2),
            }
        )
    joined = np.concatenate(differences)
    low, high = interval(joined)
    note = (
        f"difference {100 * joined.mean():+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]; "
        f"{RIVAL_BUDGET_GB} GB beside {said[RIVAL]['bf16_gb']} GB of 16-bit weights"
    )
    return [Result("routing", "composition of 50 GB", rows, (note,))]


def control(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """Where prompts say nothing of who answers best: real scores, dealt to other prompts."""
    rows = []
    for one in SETS[:2]:
        ratings, _ = read(data, one)
        for seed in seeds:
            draw = np.random.default_rng(100 + seed)
            dealt = Ratings(
                ratings.ids,
                ratings.prompts,
                ratings.categories,
                ratings.experts,
                ratings.scores[draw.permutation(len(ratings))],
            )
            parts = split(dealt, seed)
            learned = fit(parts.train, embedder)
            best = int(parts.train.scores.mean(axis=0).argmax())
            chosen = expected(learned, parts.held.prompts).argmax(axis=1)
            loss = got(parts.held, chosen) - parts.held.scores[:, best]
            rows.append(
                {
                    "set": one.title,
                    "split": seed,
                    "best single": round(100 * float(parts.held.scores[:, best].mean()), 2),
                    "over best single": round(100 * float(loss.mean()), 2),
                    "trust": learned.trust,
                }
            )
    note = "trust 0: no signal was found in held-back folds, and the best single expert always wins"
    return [Result("routing", "negative control", rows, (note,))]


def paraphrase(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """The share of decisions that stay the same when the prompt is put another way."""
    rows = []
    for one in SETS[:2]:
        parts = split(read(data, one)[0], 0)
        learned = fit(parts.train, embedder)
        same: dict[str, list[bool]] = {kind: [] for kind in KINDS}
        for prompt in parts.held.prompts[:REPHRASED]:
            first = _choice(learned, prompt)
            for seed in seeds:
                for kind, text in paraphrases(prompt, seed):
                    same[kind].append(_choice(learned, text) == first)
        every = [kept for kinds in same.values() for kept in kinds]
        row = {kind: round(100 * float(np.mean(kept)), 1) for kind, kept in same.items()}
        rows.append({"set": one.title, **row, "all": round(100 * float(np.mean(every)), 1)})
    note = (
        f"percent of decisions, {REPHRASED} held-out prompts, {len(seeds)} paraphrases of each kind"
    )
    return [Result("routing", "same expert under paraphrase", rows, (note,))]


def _coterie(parts: Split, embedder: Embedder) -> Integers:
    learned = fit(parts.train, embedder)
    chosen: Integers = expected(learned, parts.held.prompts).argmax(axis=1)
    return chosen


def _choice(learned: Learned, prompt: str) -> str:
    scores = learned.predict(prompt).scores
    return max(scores, key=lambda name: scores[name])


def _same(held: Ratings, expert: int) -> Integers:
    return np.full(len(held), expert)


PARTS: dict[str, Callable[[Path, Embedder, range], list[Result]]] = {
    "quality": quality,
    "cost": cost,
    "composition": composition,
    "control": control,
    "paraphrase": paraphrase,
}


def run(*, data: Path, part: str, embedder: str, seeds: range) -> list[Result]:
    """One part, or `all` of them."""
    from benchmarks import routing_intents, routing_speed

    opened = open_embedder(embedder)
    parts = {**PARTS, "intents": routing_intents.intents, "speed": routing_speed.speed}
    chosen = parts if part == "all" else {part: parts[part]}
    return [result for run_part in chosen.values() for result in run_part(data, opened, seeds)]
