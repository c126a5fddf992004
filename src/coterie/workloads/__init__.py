"""Workloads: who asks for what and when, sent for real or given to a simulation."""

from coterie.workloads.arrivals import Shape, constant, endless, poisson
from coterie.workloads.changes import between, faster, given_out, longer, numbered, renamed
from coterie.workloads.clients import Client, Counted, Window, mixture
from coterie.workloads.demand import Crowd, Demand, asked
from coterie.workloads.describe import Description, described
from coterie.workloads.formats.format import Format, TraceOptions
from coterie.workloads.formats.known import FORMATS
from coterie.workloads.lengths import Empirical, Fixed, Lengths, Lognormal, Quantiles
from coterie.workloads.loadgen import Target, closed_loop, connected, open_loop
from coterie.workloads.popularity import Even, Popularity, Weighted, Zipf
from coterie.workloads.processes import (
    Constant,
    Diurnal,
    Gamma,
    OnOff,
    Poisson,
    Process,
    Stepped,
    Weibull,
)
from coterie.workloads.report import Answer, Summary, is_in_time, percentile, rows, summarise
from coterie.workloads.requests import Arrival, at_speed, before, with_tokens
from coterie.workloads.sessions import Talk, conversations, flows
from coterie.workloads.synthetic import generated
from coterie.workloads.traces import Trace, read_trace
from coterie.workloads.writing import write_trace

__all__ = [
    "FORMATS",
    "Answer",
    "Arrival",
    "Client",
    "Constant",
    "Counted",
    "Crowd",
    "Demand",
    "Description",
    "Diurnal",
    "Empirical",
    "Even",
    "Fixed",
    "Format",
    "Gamma",
    "Lengths",
    "Lognormal",
    "OnOff",
    "Poisson",
    "Popularity",
    "Process",
    "Quantiles",
    "Shape",
    "Stepped",
    "Summary",
    "Talk",
    "Target",
    "Trace",
    "TraceOptions",
    "Weibull",
    "Weighted",
    "Window",
    "Zipf",
    "asked",
    "at_speed",
    "before",
    "between",
    "closed_loop",
    "connected",
    "constant",
    "conversations",
    "described",
    "endless",
    "faster",
    "flows",
    "generated",
    "given_out",
    "is_in_time",
    "longer",
    "mixture",
    "numbered",
    "open_loop",
    "percentile",
    "poisson",
    "read_trace",
    "renamed",
    "rows",
    "summarise",
    "with_tokens",
    "write_trace",
]
