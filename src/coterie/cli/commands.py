"""What `coterie` can do. A command's module is imported when the command is run, and not before.

So `coterie --help` is quick, and `coterie up` holds no more in memory than it uses. A command of
two words (`route fit`) stands beside that of its first word, which takes any other second word.
"""

import importlib
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from coterie.errors import CommandError


class Command(Struct, frozen=True):
    """Where a command's function is (`module:function`), and its line in the list of commands.
    `extra`: the optional part of the installation that it needs.
    """

    target: str
    summary: str
    extra: str = ""

    def load(self) -> Callable[..., None]:
        """The function. Raises CommandError where the extra is not installed."""
        module, _, function = self.target.partition(":")
        try:
            found: Any = getattr(importlib.import_module(module), function)
        except ModuleNotFoundError as error:
            if not self.extra or str(error.name).startswith("coterie"):
                raise
            raise CommandError(
                f"this command needs {error.name}: pip install 'coterie[{self.extra}]'"
            ) from error
        return found  # type: ignore[no-any-return]


COMMANDS = {
    "up": Command("coterie.cli.up:up", "Serve a composition until Ctrl-C."),
    "check": Command("coterie.cli.check:check", "Say everything that is wrong with a composition."),
    "schema": Command("coterie.cli.schema:schema", "Print the JSON schema of compositions."),
    "status": Command(
        "coterie.cli.status:status", "Show each expert and each device of a running server."
    ),
    "load": Command(
        "coterie.cli.steering:load", "Load an expert now, evicting others if that is what it takes."
    ),
    "unload": Command(
        "coterie.cli.steering:unload", "Unload an expert, once its requests are done."
    ),
    "pin": Command(
        "coterie.cli.steering:pin", "Keep an expert hot: it is loaded now, and never evicted."
    ),
    "explain": Command(
        "coterie.cli.explain:explain",
        "Say why an expert or a request is where it is, and what would change that.",
    ),
    "events": Command("coterie.cli.events:events", "Show events and actions as they happen."),
    "replay": Command(
        "coterie.cli.replay:replay",
        "Feed a journal to a fresh scheduler, and show where its decisions differ.",
    ),
    "simulate": Command(
        "coterie.cli.simulate:simulate",
        "Simulate a composition on machines as a profile has them, or a journal's requests again.",
    ),
    "plan": Command(
        "coterie.cli.plan.plan:plan",
        "Say what a composition will do: what fits, the way there, what it brings, and warnings.",
    ),
    "recompose": Command(
        "coterie.cli.recompose:recompose",
        "Say who should be resident where from now on, the steps there, and what that gains.",
        extra="routing",
    ),
    "whatif": Command(
        "coterie.cli.whatif.whatif:whatif",
        "Simulate the same requests on other set-ups, and find the cheapest that will do.",
    ),
    "route": Command(
        "coterie.cli.route.ask:route", "Say which expert a prompt would go to, and why."
    ),
    "route fit": Command(
        "coterie.cli.route.fit:fit",
        "Fit a router to rated prompts, or to labelled ones.",
        extra="routing",
    ),
    "route eval": Command(
        "coterie.cli.route.eval:evaluate",
        "Say how good a fitted router is, on ratings that were held back.",
        extra="routing",
    ),
    "route tune": Command(
        "coterie.cli.route.tune:tune",
        "Say what each setting of a route's `economy` and `confidence` comes to.",
        extra="routing",
    ),
    "compose": Command(
        "coterie.cli.compose:compose",
        "Choose which experts to deploy, from rated prompts and sizes.",
        extra="routing",
    ),
    "profile list": Command(
        "coterie.cli.profile.list:list_profiles", "List the hardware profiles that come along."
    ),
    "profile show": Command(
        "coterie.cli.profile.show:show",
        "Show a hardware profile: each figure, and where it is from.",
    ),
    "profile check": Command(
        "coterie.cli.profile.check:check", "Say everything that is wrong with a hardware profile."
    ),
    "profile measure": Command(
        "coterie.cli.profile.measure:measure", "Measure this machine and write its profile."
    ),
    "profile fit": Command(
        "coterie.cli.profile.fit:fit",
        "Fit a hardware profile to what journals say of a live system.",
    ),
    "trace": Command(
        "coterie.cli.trace.overview:trace", "Read, describe, cut, scale and make workloads."
    ),
    "trace describe": Command(
        "coterie.cli.trace.describe:describe",
        "Say what a trace is like: its rate, its bursts, its experts, its lengths, its "
        "conversations.",
    ),
    "trace convert": Command(
        "coterie.cli.trace.convert:convert",
        "Write a trace, a gateway's log or a journal as a trace of Coterie's.",
    ),
    "trace sample": Command(
        "coterie.cli.trace.sample:sample",
        "Write a part of a trace: a slice of its time, requests drawn from it, or whole sessions.",
    ),
    "trace scale": Command(
        "coterie.cli.trace.scale:scale",
        "Write a trace at another speed, at another rate, or with other lengths.",
    ),
    "trace generate": Command(
        "coterie.cli.trace.generate:generate",
        "Make a workload: when requests come, whom they ask, how long they are.",
    ),
    "bench": Command(
        "coterie.cli.bench:bench", "Load a running server and show how fast it answers."
    ),
}
