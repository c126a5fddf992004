"""Routes as the document has them, made ready: embedders and fitted routers are opened here.

NumPy and all that needs it is imported only for a route that has `categories` or `learned`.
"""

from pathlib import Path

from coterie.config import Composition
from coterie.config.route import Route
from coterie.errors import RouterInvalid
from coterie.router.examples import Examples
from coterie.router.judge import Judge, Predictor
from coterie.router.router import Router


def open_router(route: Route, composition: Composition, base: Path) -> Router:
    """The router of a route; a `learned` file is found relative to `base`. Raises RouterInvalid."""
    learned = open_learned(route, base) if route.learned else None
    return Router(route, composition, Judge(open_examples(route), learned))


def open_examples(route: Route) -> Examples | None:
    """Its categories, embedded; None: it has none. Raises RouterInvalid."""
    if not route.categories:
        return None
    try:
        from coterie.router.embedders import open_embedder
    except ImportError as error:
        raise _missing(error) from error
    try:
        return Examples(route.categories, open_embedder(route.embedder))
    except ImportError as error:
        raise _missing(error) from error


def open_learned(route: Route, base: Path) -> Predictor:
    """Its fitted router. Raises RouterInvalid, also where it was fitted for none of those who may
    answer.
    """
    try:
        from coterie.router.artefact import read_router
    except ImportError as error:
        raise _missing(error) from error
    learned: Predictor = read_router(base / route.learned)
    if not any(name in learned.experts for name in route.named):
        raise RouterInvalid(
            f"{route.learned!r} was fitted for {', '.join(learned.experts)}, and none of these may "
            f"answer: fit it for {', '.join(route.named)}"
        )
    return learned


def unfitted(route: Route, learned: Predictor) -> tuple[str, ...]:
    """Those who may answer, and whom the fitted router does not know."""
    return tuple(name for name in route.named if name not in learned.experts)


def _missing(error: ImportError) -> RouterInvalid:
    return RouterInvalid(
        f"{error.name or error} is not installed: `categories` and `learned` need it; "
        "pip install 'coterie[routing]'"
    )
