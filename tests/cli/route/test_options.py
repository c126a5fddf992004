"""`route eval` and `route tune` take the same router, ratings and files."""

import inspect

from coterie.cli.route import options
from coterie.cli.route.eval import evaluate
from coterie.cli.route.tune import tune

SHARED = ("router", "ratings", "expert", "plot", "html", "force")


def test_both_commands_have_them() -> None:
    first, second = (inspect.signature(command).parameters for command in (evaluate, tune))
    for name in SHARED:
        assert first[name].annotation is second[name].annotation
        assert first[name].default is second[name].default
    assert first["router"].annotation is options.RouterFile
    said = [one["costs"].annotation.__metadata__[0].help for one in (first, second)]
    assert said == [options.COSTS, options.COSTS]
