"""The program that holds one model: a template that forks workers, or (`--single`) one worker by
itself.

Its one law: a worker never outlives whoever started it, and never speaks to the world but through
its own server.

The program is run by its path, not as a module, and imports nothing but the standard library and
xllamacpp: so the template is small, starts in tens of milliseconds, and has exactly one thread,
without which it could not fork safely.

Requests are JSON lines on stdin: {"launch": ID, "log_path", "weights", "key", "params"} and
{"kill": PID}. Answers are JSON lines on stdout: {"template": PID, "threads"}, {"started": ID,
"pid"}, {"ready": ID, "address"}, {"failed": ID, "reason"} and {"exited": PID, "status"}. A line is
shorter than PIPE_BUF and written at once, so that all workers may share the pipe. When stdin
closes, the template ends, and the kernel ends its workers.

SIGINT, SIGTERM and SIGHUP are ignored here: a terminal or a service manager sends them to the whole
group, and the workers have to serve until Coterie has drained. They are ended by SIGKILL: what
wants saving was saved through their server.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import traceback
from typing import Any

_LINE_BYTES = min(4096, select.PIPE_BUF)
_REASON_CHARS = 1500
_LOG_BYTES = 8 << 20
_PR_SET_PDEATHSIG = 1
_PROBE_TIMEOUT_S = 600.0
_OOM_SCORE_ADJ = b"500"


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        import xllamacpp
    except ImportError as error:
        hint = "install it with `pip install 'coterie[llamacpp]'`"
        _say(1, {"unusable": f"xllamacpp cannot be imported: {error}; {hint}"})
        return
    if "--single" in sys.argv[1:]:
        _single(xllamacpp)
    else:
        _template(xllamacpp)


def _template(xllamacpp: Any) -> None:
    """Forks a worker for each request, reports each that ends, and ends when its stdin does."""
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page that it shares
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - pathlib would be in every worker
    _say(1, {"template": os.getpid(), "threads": threads})
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(wake, select.POLLIN)
    alive: set[int] = set()
    rest = b""
    while True:
        ready = [fd for fd, _events in poll.poll()]
        if wake in ready:
            os.read(wake, 4096)
            _reap(alive)
        if 0 in ready:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "kill" in request:
                    if request["kill"] in alive:  # not reaped yet, so the number is still its own
                        os.kill(request["kill"], signal.SIGKILL)
                    continue
                alive.add(_fork(xllamacpp, request, (wake, woken)))


def _reap(alive: set[int]) -> None:
    while alive:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        alive.discard(pid)
        _say(1, {"exited": pid, "status": status})


def _fork(xllamacpp: Any, request: dict[str, Any], inherited: tuple[int, ...]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        _say(1, {"started": request["launch"], "pid": pid})
        return pid
    try:
        _die_with(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in inherited:
            os.close(fd)
        report = os.dup(1)
        _redirect(request["log_path"])
        _serve(xllamacpp, request, report)
        os.close(report)
        while True:
            signal.pause()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _single(xllamacpp: Any) -> None:
    """One worker in a process of its own, for devices whose driver does not survive a fork. Ends
    when stdin does.
    """
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = json.loads(line)
    report, orders = os.dup(1), os.dup(0)
    _redirect(request["log_path"])
    _say(report, {"started": request["launch"], "pid": os.getpid()})
    if request["params"]["n_gpu_layers"] and not _has_gpu(xllamacpp):
        reason = (
            "this xllamacpp has no GPU backend: install its wheel for this device, or call it cpu"
        )
        _say(report, {"failed": request["launch"], "reason": reason})
        os._exit(1)
    _serve(xllamacpp, request, report)
    while os.read(orders, 4096):
        pass
    os._exit(0)


def _has_gpu(xllamacpp: Any) -> bool:
    kinds = xllamacpp.ggml_backend_dev_type
    gpus = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return any(device["type"] in gpus for device in xllamacpp.get_device_info())


def _serve(xllamacpp: Any, request: dict[str, Any], report: int) -> None:
    """Starts the server and says so once it has really generated; ends the process if it cannot."""
    try:
        server = xllamacpp.Server(_common_params(xllamacpp, request))
        address = server.listening_address
        reason = _generate(address, request["key"], bool(request["params"].get("embedding")))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    if reason:
        sys.stderr.write(f"{reason}\n")
        sys.stderr.flush()
        _say(report, {"failed": request["launch"], "reason": reason[:_REASON_CHARS]})
        os._exit(1)
    _trim()
    _say(report, {"ready": request["launch"], "address": address})
    request["server"] = (
        server  # kept for the life of the process: the server stops when it is collected
    )


def _common_params(xllamacpp: Any, request: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = request["weights"]
    params.api_keys = [request["key"]]
    for path, value in request["params"].items():
        *owners, field = path.split(".")
        target = params
        for owner in owners:
            target = getattr(target, owner)
        setattr(target, field, _value(xllamacpp, value))
    return params


def _value(xllamacpp: Any, value: Any) -> Any:
    """JSON to what CommonParams takes: {"enum": [TYPE, MEMBER]}, {"lora": [[PATH, SCALE], …]},
    {"set": […]}, or itself.
    """
    if not isinstance(value, dict):
        return value
    if "enum" in value:
        kind, member = value["enum"]
        return getattr(getattr(xllamacpp, kind), member)
    if "set" in value:
        return set(value["set"])
    adapters = []
    for path, scale in value["lora"]:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = path, scale
        adapters.append(adapter)
    return adapters


def _generate(address: str, key: str, embedding: bool) -> str:
    """Asks the server for one token (or one vector) as a client would; why it could not, or an
    empty string.
    """
    path = "/v1/embeddings" if embedding else "/v1/completions"
    body = {"input": "a"} if embedding else {"prompt": "a", "max_tokens": 1, "cache_prompt": False}
    content = json.dumps(body).encode()
    host, _, port = address.removeprefix("http://").rpartition(":")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        "Connection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    answer = b""
    with socket.create_connection((host, int(port)), _PROBE_TIMEOUT_S) as connection:
        connection.sendall(head.encode() + content)
        while chunk := connection.recv(1 << 16):
            answer += chunk
    status = answer.split(b"\r\n", 1)[0]
    if b" 200 " in status:
        return ""
    return f"its first generation was answered {answer[:_REASON_CHARS].decode(errors='replace')!r}"


def _say(fd: int, message: dict[str, Any]) -> None:
    line = json.dumps(message).encode() + b"\n"
    if len(line) > _LINE_BYTES:
        message = {**message, "reason": message["reason"][: _REASON_CHARS // 6]}
        line = json.dumps(message).encode() + b"\n"
    os.write(fd, line)


def _die_with(parent: int) -> None:
    """The kernel kills this process when its parent ends; checks that it has not ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _redirect(log_path: str) -> None:
    """stdin from nowhere; stdout and stderr to a fresh log that cannot grow without bound; no core
    files.
    """
    nowhere = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nowhere)
    os.close(log)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)  # raised while slots are saved
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LOG_BYTES, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb") as file:  # noqa: PTH123
        file.write(_OOM_SCORE_ADJ)  # rather a worker than Coterie


def _trim() -> None:
    """Gives back to the system what loading took and freed."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


if __name__ == "__main__":
    main()
