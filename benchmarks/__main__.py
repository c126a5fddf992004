"""`python -m benchmarks NAME`: what can be run, each with its options; `--help` lists them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.environments import DEFAULT
from benchmarks.processes import unwind_on_sigterm
from benchmarks.tables import Result, show

app = typer.Typer(
    help="Comparisons with peers and limits. Each prints a table, or a JSON document with --json. "
    "Times are those of two cores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON document instead of a table.")]
Environments = Annotated[
    Path, typer.Option(help="Where peers are installed, each in an environment of its own.")
]
Data = Annotated[Path, typer.Option(help="Folder that holds traces/arena27/requests.csv.gz.")]
Work = Annotated[Path, typer.Option(help="Where up to 2.7 GB of model copies are kept.")]
Runs = Annotated[int, typer.Option(help="Runs of each row, of which the medians count.")]
Seconds = Annotated[float, typer.Option(help="How long each run sends.")]
Loads = Annotated[list[float] | None, typer.Option(help="Multiples of capacity.")]


@app.command()
def overhead(
    environments: Environments = DEFAULT,
    part: Annotated[str, typer.Option(help="worker, gateways or all.")] = "all",
    blocks: Annotated[int, typer.Option(help="Turns of each system in the timed parts.")] = 12,
    seconds: Annotated[int, typer.Option(help="Length of each run of wrk.")] = 5,
    rounds: Annotated[int, typer.Option(help="Runs of wrk, of which the median counts.")] = 3,
    as_json: AsJson = False,
) -> None:
    """What Coterie adds to a request, beside LiteLLM and vllm-router (about 8 minutes)."""
    from benchmarks import overhead as benchmark

    _show(
        lambda: benchmark.run(
            environments=environments, blocks=blocks, seconds=seconds, rounds=rounds, part=part
        ),
        as_json,
    )


@app.command()
def servers(
    environments: Environments = DEFAULT,
    seconds: Annotated[int, typer.Option(help="Length of each run of wrk.")] = 5,
    rounds: Annotated[int, typer.Option(help="Runs of wrk, of which the median counts.")] = 3,
    as_json: AsJson = False,
) -> None:
    """HTTP servers and clients as bare proxies over one static upstream (about 10 minutes)."""
    from benchmarks import servers as benchmark

    _show(
        lambda: [benchmark.run(environments=environments, seconds=seconds, rounds=rounds)], as_json
    )


@app.command()
def switch(
    environments: Environments = DEFAULT,
    pairs: Annotated[int, typer.Option(help="Switches of each system, in turns.")] = 12,
    llama_server: Annotated[bool, typer.Option(help="Also llama.cpp's own server.")] = True,
    as_json: AsJson = False,
) -> None:
    """A cold expert through Coterie, beside a worker spawned by hand (about 1 minute)."""
    from benchmarks import switch as benchmark

    _show(
        lambda: [
            benchmark.run(environments=environments, pairs=pairs, with_llama_server=llama_server)
        ],
        as_json,
    )


@app.command()
def multiplex(
    data: Data,
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="coterie, lru, resident, ray-serve, llama-router, llama-router-tuned or "
            "llama-router-defaults."
        ),
    ] = None,
    speed: Annotated[list[float] | None, typer.Option(help="Speeds of the trace.")] = None,
    seconds: Seconds = 120.0,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """27 experts in the room of 6, beside llama.cpp's router (about 2 minutes a run)."""
    from benchmarks import multiplex as benchmark

    _show(
        lambda: [
            benchmark.run(
                data=data,
                environments=environments,
                work=work,
                systems=system or benchmark.DEFAULT_SYSTEMS,
                speeds=speed or benchmark.SPEEDS,
                seconds=seconds,
                runs=runs,
            )
        ],
        as_json,
    )


@app.command()
def goodput(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds traces/arena27/requests.csv.gz; without it, shifts."),
    ] = None,
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    system: Annotated[
        list[str] | None, typer.Option(help="As for multiplex: coterie, lru, resident, …")
    ] = None,
    load: Loads = None,
    shift: Annotated[
        list[str] | None, typer.Option(help="uniform, skewed, circle or pair. Default: all.")
    ] = None,
    seconds: Seconds = 60.0,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """Requests that keep a latency budget, at and beyond capacity (about 80 seconds a run)."""
    from benchmarks import goodput as benchmark

    systems = system or benchmark.DEFAULT_SYSTEMS

    def run() -> list[Result]:
        if data is None:
            return [
                benchmark.synthetic(
                    environments=environments,
                    work=work,
                    systems=systems,
                    named=shift or benchmark.SHIFTS,
                    seconds=seconds,
                    runs=runs,
                )
            ]
        return [
            benchmark.run(
                data=data,
                environments=environments,
                work=work,
                systems=systems,
                loads=load or benchmark.LOADS,
                seconds=seconds,
                runs=runs,
            )
        ]

    _show(run, as_json)


@app.command()
def fairness(
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    seconds: Seconds = 60.0,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """A tenant within his share beside one who cycles through cold experts (20 minutes)."""
    from benchmarks import fairness as benchmark

    _show(
        lambda: [benchmark.run(environments=environments, work=work, seconds=seconds, runs=runs)],
        as_json,
    )


@app.command()
def resume(
    work: Work = DEFAULT / "multiplex",
    rounds: Annotated[int, typer.Option(help="Conversations of each length.")] = 8,
    as_json: AsJson = False,
) -> None:
    """A conversation that goes on after an eviction, its KV cache kept or not (about 3 minutes)."""
    from benchmarks import resume as benchmark

    _show(lambda: [benchmark.run(work=work, rounds=rounds)], as_json)


@app.command()
def staging(
    work: Work = DEFAULT / "multiplex",
    rounds: Annotated[int, typer.Option(help="Switches of each kind.")] = 8,
    as_json: AsJson = False,
) -> None:
    """A load from disk, with a hint beforehand and without (about 2 minutes)."""
    from benchmarks import staging as benchmark

    _show(lambda: [benchmark.run(work=work, rounds=rounds)], as_json)


@app.command()
def prefetch(
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    seconds: Annotated[float, typer.Option(help="How long each run sends; walks twice that.")] = 90,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """Loads ahead of requests: hits, waste, and what they cost (about 5 minutes a run)."""
    from benchmarks import prefetch as benchmark

    _show(
        lambda: [benchmark.run(environments=environments, work=work, seconds=seconds, runs=runs)],
        as_json,
    )


@app.command()
def simulation(
    data: Data,
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    system: Annotated[list[str] | None, typer.Option(help="coterie, lru. Default: both.")] = None,
    load: Loads = None,
    seconds: Seconds = 60.0,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """The simulator beside the live system, on the same arrivals (about 40 minutes)."""
    from benchmarks import simulation as benchmark

    _show(
        lambda: [
            benchmark.run(
                data=data,
                environments=environments,
                work=work,
                systems=system or tuple(benchmark.POLICIES),
                loads=load or (0.5, 1.0, 1.5),
                seconds=seconds,
                runs=runs,
            )
        ],
        as_json,
    )


@app.command()
def simulator(
    part: Annotated[
        list[str] | None, typer.Option(help="goals, growth or digest. Default: all.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Of the number of requests; 0.01 to try.")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="A folder for the plots of growth.")] = None,
    as_json: AsJson = False,
) -> None:
    """A million requests simulated, and what an event costs by size (about 10 minutes)."""
    from benchmarks import simulator as benchmark

    _show(
        lambda: benchmark.run(parts=part or ("goals", "growth", "digest"), scale=scale, out=out),
        as_json,
    )


@app.command()
def policies(
    data: Annotated[Path, typer.Option(help="Folder that holds traces/.")],
    profile: Annotated[
        list[str] | None, typer.Option(help="Hardware profiles, as dgx-h100. Default: four.")
    ] = None,
    trace: Annotated[
        list[str] | None, typer.Option(help="arena27, azure, mooncake or servegen. Default: all.")
    ] = None,
    load: Annotated[
        list[float] | None, typer.Option(help="Shares of what a machine can do one by one.")
    ] = None,
    most: Annotated[int, typer.Option(help="Requests of each trace.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Six policies, 150 experts of 8B, four machines, four traces; simulated (about 8 minutes)."""
    from benchmarks import policies as benchmark

    _show(
        lambda: benchmark.run(
            data=data,
            profiles=profile or benchmark.PROFILES,
            loads=load or benchmark.LOADS,
            traces=trace or tuple(benchmark.TRACES),
            most=most,
        ),
        as_json,
    )


@app.command()
def residency(
    data: Annotated[Path, typer.Option(help="Folder that holds traces/.")],
    trace: Annotated[
        list[str] | None,
        typer.Option(help="arena27, azure, mooncake or servegen. Default: the first and last."),
    ] = None,
    room: Annotated[
        list[int] | None, typer.Option(min=1, help="Experts that fit. Default: 4, 8 and 16.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Loads of each 100 requests where 32 wait, beside LRU and Belady (about 30 seconds)."""
    from benchmarks import residency as benchmark

    _show(
        lambda: benchmark.run(
            data=data,
            traces=trace or ("arena27", "servegen"),
            rooms=room or benchmark.ROOMS,
        ),
        as_json,
    )


@app.command()
def ablation(
    data: Data,
    environments: Environments = DEFAULT,
    work: Work = DEFAULT / "multiplex",
    windows: Annotated[int, typer.Option(help="Windows of the trace, a minute each.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The policy without one of its parts, in the simulator (about 1 minute)."""
    from benchmarks import ablation as benchmark

    _show(
        lambda: [benchmark.run(data=data, environments=environments, work=work, windows=windows)],
        as_json,
    )


@app.command()
def scheduler(
    events: Annotated[int, typer.Option(help="Events timed at each size.")] = 30_000,
    policy: Annotated[list[str] | None, typer.Option(help="Policies. Default: cost, lru.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decisions a second of the pure core, and their growth (about 1 minute)."""
    from benchmarks import scheduler as benchmark

    _show(lambda: benchmark.run(events=events, policies=policy or ("cost", "lru")), as_json)


@app.command()
def memory(
    model: Annotated[list[str] | None, typer.Option(help="Default: smollm2, gemma3.")] = None,
    as_json: AsJson = False,
) -> None:
    """The estimates beside what workers take, and Coterie's own size (about 4 minutes)."""
    from benchmarks import memory as benchmark

    _show(lambda: benchmark.run(models=tuple(model or ("smollm2", "gemma3"))), as_json)


@app.command()
def composition(
    data: Annotated[
        Path, typer.Option(help="Folder that holds matrices/llmrouter9 and matrices/mmlu_pro.")
    ],
    seeds: Annotated[int, typer.Option(help="Random splits, of which the means count.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Chosen experts within a budget, beside single ones, on held-out prompts (about 1 minute)."""
    from benchmarks import composition as benchmark

    _show(lambda: benchmark.run(data=data, seeds=seeds), as_json)


@app.command()
def paper(
    out: Annotated[
        Path | None, typer.Option(help="Draw table5, figure12 and figure13.png into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The SN40L paper's table V and figures 12 and 13, from the hardware profiles (seconds)."""
    from benchmarks import paper as benchmark

    _show(lambda: benchmark.run(out=out), as_json)


@app.command()
def routing(
    data: Annotated[
        Path,
        typer.Option(help="Folder that holds matrices/ and prompts/clinc150.jsonl.gz."),
    ],
    part: Annotated[
        str,
        typer.Option(
            help="quality, cost, composition, control, paraphrase, intents, speed or all."
        ),
    ] = "all",
    embedder: Annotated[str, typer.Option(help="static, minilm or words.")] = "static",
    seeds: Annotated[int, typer.Option(help="Random splits, of which the means count.")] = 5,
    first: Annotated[int, typer.Option(help="The first split's number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The learned router on held-out prompts, beside the field's baselines (about 10 minutes)."""
    from benchmarks import routing as benchmark

    _show(
        lambda: benchmark.run(
            data=data, part=part, embedder=embedder, seeds=range(first, first + seeds)
        ),
        as_json,
    )


@app.command("routing-live")
def routing_live(
    data: Annotated[Path, typer.Option(help="Folder that holds matrices/llmrouter9.")],
    work: Work = DEFAULT / "multiplex",
    rate: Annotated[list[float] | None, typer.Option(help="Requests a second.")] = None,
    way: Annotated[
        list[str] | None, typer.Option(help="unpriced, priced, 'economy 0.3' or 'economy 0.5'.")
    ] = None,
    seconds: Seconds = 60.0,
    runs: Runs = 3,
    as_json: AsJson = False,
) -> None:
    """A route on a running composition, with residency priced and without (about an hour)."""
    from benchmarks import routing_live as benchmark

    _show(
        lambda: benchmark.run(
            data=data,
            work=work,
            rates=rate or benchmark.RATES,
            ways=way or tuple(benchmark.WAYS),
            seconds=seconds,
            runs=runs,
        ),
        as_json,
    )


def _show(run: Callable[[], list[Result]], as_json: bool) -> None:
    show(run(), as_json)


if __name__ == "__main__":
    unwind_on_sigterm()
    app(prog_name="python -m benchmarks")
