"""`coterie trace convert`: a workload of any format, written as one of Coterie's."""

import typer

from coterie.cli.trace import options as said
from coterie.cli.trace.reading import opened, watched
from coterie.cli.trace.saving import saved


def convert(
    file: said.TraceFile,
    output: said.Output,
    format: said.FormatName = "",
    experts: said.Experts = "",
    popularity: said.PopularityOption = "even",
    rename: said.Rename = None,
    seed: said.Seed = 0,
    sort: said.Sort = False,
    begin: said.From = "",
    end: said.To = "",
    skip_incomplete: said.SkipIncomplete = False,
    lengths: said.LengthsFile = None,
    force: said.Force = False,
) -> None:
    """Write a trace, a gateway's log or a journal as a trace of Coterie's.

    The columns are `arrival_s` (seconds from the start), `expert`, `prompt_tokens`,
    `output_tokens`, `tenant`, `session` and `priority`. The file is written whole or not at all.

    Example: coterie trace convert gateway.jsonl -o requests.csv.gz --rename gpt-4o=base --sort

    Example: coterie trace convert AzureLLMInferenceTrace_conv.csv -o azure.csv.gz --experts 27
    """
    trace = opened(
        file,
        said.options_of(
            format=format,
            experts=experts,
            popularity=popularity,
            rename=rename,
            seed=seed,
            sort=sort,
            begin=begin,
            end=end,
            skip_incomplete=skip_incomplete,
            lengths=lengths,
        ),
    )
    with saved(output, force) as save, watched(trace, "converting") as arrivals:
        count = save(arrivals)
    typer.echo(f"{count} requests of {file} ({trace.format}) → {output}")
