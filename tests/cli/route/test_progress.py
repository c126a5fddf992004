import io

from rich.console import Console

from coterie.cli.route.progress import bars


def test_a_terminal_sees_a_bar_for_each_stage() -> None:
    file = io.StringIO()
    with bars(Console(file=file, force_terminal=True, width=80)) as step:
        step("reading prompts", 1, 4)
        step("reading prompts", 4, 4)
        step("folds", 1, 5)
    assert "reading prompts" in file.getvalue()
    assert "folds" in file.getvalue()


def test_a_pipe_sees_nothing() -> None:
    file = io.StringIO()
    with bars(Console(file=file)) as step:
        step("reading prompts", 1, 4)
    assert file.getvalue().strip() == ""
