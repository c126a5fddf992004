"""What was asked for, observed one request after another, and what is expected from then on."""

from msgspec import Struct, structs

from coterie.cli.recomposition.work import Work
from coterie.cli.simulation.modelled import Modelled
from coterie.cli.simulation.workload import Wanted, asked
from coterie.planner.recomposition import Demand, Forecast


class Observed(Struct, frozen=True):
    """`requests` came until `end_s` seconds after the beginning. `slots`: by expert, see `Work`."""

    requests: int
    end_s: float
    forecast: Forecast
    slots: dict[str, float]
    notes: tuple[str, ...]


def observed(
    found: Modelled, wanted: Wanted, horizon_s: float, end_s: float | None = None
) -> Observed:
    """Reads requests as they come, and keeps none. `end_s`: when observation ended, in seconds from
    the first one; None: with the last one. Raises BadRequest and TraceInvalid.
    """
    demand, work = Demand(start_s=0.0), Work(found.setup)
    count, last_s = 0, 0.0
    notes: list[str] = []
    with asked(found.composition, wanted, notes) as arrivals:
        for arrival in arrivals:
            session = arrival.session or arrival.tenant
            demand.observe(arrival.at_s, arrival.expert, work.add(arrival), session)
            count, last_s = count + 1, arrival.at_s
    at_s = last_s if end_s is None else max(last_s, end_s)
    names = [one.expert for one in found.setup.experts]
    forecast = demand.forecast(at_s, horizon_s, experts=names)
    taken = work.beside({one.expert: one.rate for one in forecast.experts})
    experts = tuple(
        structs.replace(one, work_s=taken[one.expert].work, answer_s=taken[one.expert].answer_s)
        for one in forecast.experts
    )
    return Observed(
        requests=count,
        end_s=at_s,
        forecast=structs.replace(forecast, experts=experts),
        slots={name: one.slots for name, one in taken.items()},
        notes=tuple(notes),
    )
