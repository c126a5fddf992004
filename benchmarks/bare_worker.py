"""The shortest way to a llama.cpp server in Python: import, load, say where.

Its parameters are a line of JSON on stdin. Run by its path: it imports nothing of Coterie, and asks
its server nothing before it says that it is ready.
"""

import json
import sys
import threading
from typing import Any


def main() -> None:
    request = json.loads(sys.stdin.readline())
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = request["weights"]
    for path, value in request["params"].items():
        *owners, field = path.split(".")
        target: Any = params
        for owner in owners:
            target = getattr(target, owner)
        setattr(target, field, _value(xllamacpp, value))
    server = xllamacpp.Server(params)
    print(json.dumps({"ready": server.listening_address}), flush=True)
    threading.Event().wait()


def _value(xllamacpp: Any, value: Any) -> Any:
    """A plain value, or {"enum": [TYPE, MEMBER]} or {"set": […]} as the engine writes them."""
    if isinstance(value, dict) and "enum" in value:
        kind, member = value["enum"]
        return getattr(getattr(xllamacpp, kind), member)
    if isinstance(value, dict) and "set" in value:
        return set(value["set"])
    return value


if __name__ == "__main__":
    main()
