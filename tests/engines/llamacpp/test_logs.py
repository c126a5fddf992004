"""What a log says in one line."""

from pathlib import Path

from coterie.engines.llamacpp import logs

FAILED = """\
0.00.033.801 I llama_model_loader: loaded meta data
0.00.038.948 E llama_model_load: error loading model: tensor 'x' is not within the file bounds
0.00.039.018 E srv    load_model: failed to load model, 'trunc.gguf'
RuntimeError: Failed to init server, please check the input params.

"""


def test_the_cause_is_the_first_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(FAILED)
    expected = "llama_model_load: error loading model: tensor 'x' is not within the file bounds"
    assert logs.cause(str(log)) == expected


def test_the_last_word_is_the_last_line_with_something_on_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(FAILED)
    assert logs.last_line(str(log)).startswith("RuntimeError")


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * 50_000 + "\nGGML_ASSERT(n > 0) failed\n")
    assert logs.cause(str(log)) == logs.last_line(str(log)) == "GGML_ASSERT(n > 0) failed"


def test_an_empty_or_missing_log_says_nothing(tmp_path: Path) -> None:
    assert logs.cause(str(tmp_path / "no")) == logs.last_line(str(tmp_path / "no")) == ""
    (tmp_path / "log").touch()
    assert logs.last_line(str(tmp_path / "log")) == ""
