import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coterie.cli import check
from coterie.cli.app import application
from coterie.cli.check import examine
from coterie.config import Composition
from coterie.errors import RouterInvalid
from coterie.testing.gguf import tiny_gguf

TINY = tiny_gguf()
NODES = "nodes: [{name: n, devices: [{name: ram, hot: 1GiB}]}]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COTERIE_STATE", str(tmp_path / "state"))
    (tmp_path / "tiny.gguf").write_bytes(TINY)
    return tmp_path


def write(folder: Path, experts: str, nodes: str = NODES) -> Path:
    file = folder / "composition.yaml"
    file.write_text(f"{nodes}experts:\n{experts}")
    return file


def problems(file: Path) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in examine(file).problems]


def test_a_sound_composition_has_no_problem_and_its_needs_are_told(folder: Path) -> None:
    file = write(folder, "- {name: a, weights: file://tiny.gguf}\n- {name: b, engine: echo}\n")
    report = examine(file)
    assert report.problems == ()
    assert isinstance(report.composition, Composition)
    assert report.footprints["a"].hot_bytes > len(TINY)


def test_nothing_is_written_by_a_check(folder: Path) -> None:
    examine(write(folder, "- {name: a, weights: file://tiny.gguf}\n"))
    assert not (folder / "state").exists()


def test_document_engine_weights_and_fit_are_told_at_once(folder: Path) -> None:
    (folder / "cut.gguf").write_bytes(TINY[:-40])
    file = write(
        folder,
        "- {name: a, weights: file://gone.gguf, contxt: 5}\n"
        "- {name: b, weights: file://cut.gguf}\n"
        "- {name: c, engine: eco}\n"
        "- {name: d}\n"
        "- {name: e, weights: file://tiny.gguf, options: {bacth: 1}}\n"
        "- {name: f, weights: file://tiny.gguf, context: 100000000}\n"
        "- {name: g, weights: 5}\n",
    )
    found = problems(file)
    assert [path for path, _ in found] == [
        "experts[0].contxt",
        "experts[6].weights",
        "experts[0].weights",
        "experts[1].weights",
        "experts[2].engine",
        "experts[3].weights",
        "experts[4].options.bacth",
        "experts[5]",
    ]
    messages = dict(found)
    assert "do not exist" in messages["experts[0].weights"]
    assert "truncated" in messages["experts[1].weights"]
    assert "'echo'" in messages["experts[2].engine"]
    assert "hot memory" in messages["experts[5]"]
    assert all("\n" not in message for message in messages.values())


def test_pins_that_do_not_fit_together_are_told_and_a_shared_file_counts_once(
    folder: Path,
) -> None:
    experts = "".join(
        f"- {{name: {name}, weights: file://tiny.gguf, pin: true}}\n" for name in ("a", "b")
    )
    report = examine(write(folder, experts))
    assert report.problems == ()
    parts = {part.digest: part.size_bytes for f in report.footprints.values() for part in f.hot}
    exact = sum(parts.values())
    fits = NODES.replace("1GiB", str(exact))
    assert problems(write(folder, experts, fits)) == []
    [(path, _)] = problems(write(folder, experts, NODES.replace("1GiB", str(exact - 1))))
    assert path == "experts[1].pin"


def test_fetched_weights_are_looked_for_in_the_state_that_is_named(folder: Path) -> None:
    kept = folder / "elsewhere" / "weights" / "hub" / "org" / "repo" / "main" / "m.gguf"
    file = write(folder, "- {name: a, weights: hf://org/repo@main/m.gguf}\n")
    assert examine(file, folder / "elsewhere").footprints == {}
    kept.parent.mkdir(parents=True)
    kept.write_bytes(TINY)
    assert examine(file).footprints == {}
    assert examine(file, folder / "elsewhere").footprints["a"].hot_bytes > len(TINY)


def test_an_unknown_policy_is_told(folder: Path) -> None:
    file = write(folder, "- {name: b, engine: echo}\nscheduler: {policy: best}\n")
    assert [path for path, _ in problems(file)] == ["scheduler.policy"]


ECHO = "- {name: a, engine: echo}\n- {name: b, engine: echo}\n"


class Fitted:
    """A router that was fitted for one expert."""

    experts = ("a", "z")


@pytest.mark.parametrize(
    ("routes", "path", "told"),
    [
        ("{name: r, otherwise: a, rules: [{to: c, code: true}]}", "routes[0].rules[0].to", "'c'"),
        (
            "{name: r, otherwise: a, candidates: [a, b], learned: gone.router}",
            "routes[0].learned",
            "gone.router",
        ),
    ],
)
def test_routes_are_checked_with_their_files(
    folder: Path, routes: str, path: str, told: str
) -> None:
    ((where, message),) = problems(write(folder, f"{ECHO}routes: [{routes}]\n"))
    assert where == path
    assert told in message


def test_a_router_fitted_for_others_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "open_learned", lambda route, base: Fitted())
    routes = "routes: [{name: r, otherwise: a, candidates: [a, b], learned: x.router}]\n"
    ((where, message),) = problems(write(folder, ECHO + routes))
    assert where == "routes[0].learned"
    assert message.startswith("it was not fitted for 'b', which may answer")


@pytest.mark.parametrize("part", ["Rules", "open_examples"])
def test_what_a_route_needs_and_is_not_installed_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def missing(_: object) -> None:
        raise RouterInvalid("py3langid is not installed")

    monkeypatch.setattr(check, part, missing)
    routes = "routes: [{name: r, otherwise: a, rules: [{to: b, languages: [de]}]}]\n"
    ((where, message),) = problems(write(folder, ECHO + routes))
    assert where == ("routes[0].rules" if part == "Rules" else "routes[0].embedder")
    assert "py3langid" in message


def test_a_file_that_cannot_be_read_is_one_problem(folder: Path) -> None:
    assert problems(folder / "none.yaml") == [("", "cannot be read: No such file or directory")]
    assert problems(folder)[0][1] == "cannot be read: Is a directory"


def test_the_command_says_it_in_lines_and_in_its_exit_status(folder: Path) -> None:
    good = write(folder, "- {name: a, weights: file://tiny.gguf}\n- {name: b, engine: echo}\n")
    result = CliRunner().invoke(application(), ["check", str(good)])
    assert result.exit_code == 0
    assert result.output.startswith(f"{good}: no problems\n  a: ")
    bad = write(folder, "- {name: b, engine: eco}\n- {nam: c}\n")
    result = CliRunner().invoke(application(), ["check", str(bad)])
    assert result.exit_code == 1
    assert all(line.startswith(f"{bad}: experts[") for line in result.output.splitlines())


def test_the_command_says_it_as_json(folder: Path) -> None:
    bad = write(folder, "- {name: b, engine: eco}\n- {name: c, engine: echo}\n")
    result = CliRunner().invoke(application(), ["check", str(bad), "--json"])
    assert result.exit_code == 1
    said = json.loads(result.output)
    assert (said["ok"], said["file"]) == (False, str(bad))
    assert said["problems"][0]["path"] == "experts[0].engine"
    assert set(said["hot_bytes"]) == {"c"}
