"""Workloads: who asks for what and when, sent for real or given to a simulation."""

from coterie.workloads.arrivals import Shape, constant, endless, poisson
from coterie.workloads.loadgen import Target, closed_loop, connected, open_loop
from coterie.workloads.report import Answer, Summary, is_in_time, percentile, rows, summarise
from coterie.workloads.requests import Arrival, at_speed, before, with_tokens
from coterie.workloads.traces import read_trace

__all__ = [
    "Answer",
    "Arrival",
    "Shape",
    "Summary",
    "Target",
    "at_speed",
    "before",
    "closed_loop",
    "connected",
    "constant",
    "endless",
    "is_in_time",
    "open_loop",
    "percentile",
    "poisson",
    "read_trace",
    "rows",
    "summarise",
    "with_tokens",
]
