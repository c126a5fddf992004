import json
from pathlib import Path

from benchmarks import upstream
from coterie.workloads.answers import Reading


def test_the_stream_is_a_whole_answer() -> None:
    reading = Reading()
    reading.feed(upstream.events().encode())
    reading.close()
    assert reading.error == ""
    assert reading.output_tokens == len(upstream.TOKENS)


def test_the_document_is_a_chat_completion() -> None:
    completion = json.loads(upstream.completion())
    assert completion["choices"][0]["message"]["content"] == "".join(upstream.TOKENS)
    assert completion["usage"]["total_tokens"] == 14


def test_the_configuration_holds_both_and_no_variable(tmp_path: Path) -> None:
    both = upstream.Upstream("http://127.0.0.1:1", "http://127.0.0.1:2")
    text = upstream._configuration(both, tmp_path)
    assert "listen 127.0.0.1:1 " in text
    assert "listen 127.0.0.1:2 " in text
    assert "$" not in text
    assert "data: [DONE]\\n\\n" in text
