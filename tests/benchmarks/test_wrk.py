import json

from benchmarks.wrk import SCRIPT, counted

OUTPUT = """Running 2s test @ http://127.0.0.1:1/v1/chat/completions
Requests/sec:  76006.72

RESULT {"requests":4000,"duration_us":2000000,"p50_us":155,"p99_us":2200,"failed":3}
"""


def test_a_run_is_read_from_the_line_of_the_script() -> None:
    run = counted(OUTPUT)
    assert run.requests_per_s == 2000.0
    assert (run.p50_ms, run.p99_ms, run.failed) == (0.155, 2.2, 3)


def test_the_script_carries_the_body_as_it_is() -> None:
    body = json.dumps({"model": "a", "messages": [{"content": "it's 100 %"}]})
    script = SCRIPT % body
    assert f"wrk.body = [[{body}]]" in script
    assert "%d" in script
