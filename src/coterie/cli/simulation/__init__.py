"""Reports of simulations: tables, JSON, Parquet, a page, and conditions that fail a pipeline."""

from coterie.cli.simulation.conditions import Condition, met, parse
from coterie.cli.simulation.page import write_page
from coterie.cli.simulation.parquet import write_parquet
from coterie.cli.simulation.tables import document, noted, show
from coterie.cli.simulation.variant import Variant

__all__ = [
    "Condition",
    "Variant",
    "document",
    "met",
    "noted",
    "parse",
    "show",
    "write_page",
    "write_parquet",
]
