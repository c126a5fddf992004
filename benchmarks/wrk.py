"""Requests a second are counted by `wrk`, never the bottleneck: the direct run shows its reach."""

import json
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[%s]]
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%%d,"duration_us":%%d,"p50_us":%%d,"p99_us":%%d,"failed":%%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Counted(Struct, frozen=True):
    """One run of wrk."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    failed: int


def count(
    url: str, model: str, *, connections: int, seconds: int, folder: Path, core: int, stream: bool
) -> Counted:
    """Asks `url` for chat completions over so many connections for so long."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise FileNotFoundError("wrk is not installed: `apt-get install wrk`")
    body = {"model": model, "messages": [{"role": "user", "content": "Hello, are you there?"}]}
    script = folder / "post.lua"
    script.write_text(SCRIPT % json.dumps(body | ({"stream": True} if stream else {})))
    options = ["--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    ran = subprocess.run(
        [
            *("taskset", "-c", str(core), wrk, *options, "--timeout", "30s"),
            *("--script", str(script), url + "/v1/chat/completions"),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    return counted(ran.stdout)


def counted(output: str) -> Counted:
    """What the script printed at the end of a run."""
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    return Counted(
        requests_per_s=found["requests"] / (found["duration_us"] / 1e6),
        p50_ms=found["p50_us"] / 1000,
        p99_ms=found["p99_us"] / 1000,
        failed=found["failed"],
    )
