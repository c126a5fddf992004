"""One fast static upstream, so that what is measured is the way there: nginx with fixed answers.

The same server answers with a JSON document on one port and with an event stream on the other.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from benchmarks.processes import free_port, running

MODEL = "static"
TOKENS = ("Static", " answers", " cost", " nothing", ".")


class Upstream(Struct, frozen=True):
    """Addresses of the static server."""

    plain: str
    streaming: str


@contextmanager
def static_upstream(folder: Path, core: int | None = None) -> Iterator[Upstream]:
    """nginx with one worker, on one core if told; its configuration and logs lie in `folder`."""
    nginx = shutil.which("nginx")
    if nginx is None:
        raise FileNotFoundError("nginx is not installed: `apt-get install nginx-light`")
    upstream = Upstream(
        plain=f"http://127.0.0.1:{free_port()}", streaming=f"http://127.0.0.1:{free_port()}"
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(upstream, folder))
    command = [nginx, "-c", str(configuration), "-p", str(folder), "-e", str(folder / "nginx.err")]
    with running(command, log=folder / "nginx.log", ready=upstream.plain + "/v1/models", core=core):
        yield upstream


def completion() -> str:
    """The chat completion that is always the answer."""
    return json.dumps(
        {
            "id": "chatcmpl-static",
            "object": "chat.completion",
            "created": 1700000000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "".join(TOKENS)},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        }
    )


def events() -> str:
    """The same as an event stream, in one piece."""
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": token} for token in TOKENS]
    frames = [_frame({"index": 0, "delta": delta, "finish_reason": None}) for delta in deltas]
    frames.append(_frame({"index": 0, "delta": {}, "finish_reason": "stop"}))
    return "".join(frames) + "data: [DONE]\n\n"


def _frame(choice: dict[str, object]) -> str:
    chunk = {
        "id": "chatcmpl-static",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": MODEL,
        "choices": [choice],
    }
    return f"data: {json.dumps(chunk)}\n\n"


def _configuration(upstream: Upstream, folder: Path) -> str:
    def server(address: str, kind: str, body: str) -> str:
        quoted = body.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        # In nginx's quotes `\n` is a line break. A dollar sign would begin a variable.
        return f"""
  server {{
    listen {address.removeprefix("http://")} backlog=4096;
    location = /health {{ default_type text/plain; return 200 'ok'; }}
    location = /v1/models {{
      default_type application/json;
      return 200 '{{"object":"list","data":[{{"id":"{MODEL}","object":"model"}}]}}';
    }}
    location / {{ default_type {kind}; return 200 '{quoted}'; }}
  }}"""

    return f"""
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.err warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 3600;
  tcp_nodelay on;
{server(upstream.plain, "application/json", completion())}
{server(upstream.streaming, "text/event-stream", events())}
}}
"""
