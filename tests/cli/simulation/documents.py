"""Documents and profiles as files: three experts on a device for two, and what it runs on."""

from pathlib import Path

NODES = "nodes: [{name: n, devices: [{name: d, kind: gpu, hot: 25GB}]}]"
EXPERTS = """
experts:
- {name: a, engine: echo, context: 1000, options: {hot: 10GB}}
- {name: b, engine: echo, context: 1000, options: {hot: 10GB}, aliases: [bee]}
- {name: c, engine: echo, context: 1000, options: {hot: 10GB}}
"""
THREE = NODES + EXPERTS
PROFILE = """
name: gpu
tiers:
  hot: {bytes: 80GB, bandwidth: 2TB/s}
  host: {bytes: 1TB, bandwidth: 200GB/s}
  disk: {bytes: 4TB, bandwidth: 5GB/s}
links: {count: 1, bandwidth: 20GB/s}
compute: 300TFLOP/s
"""


class Folder:
    """`folder("x.yaml", "text")` writes a file and gives its path; by itself, the three experts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, name: str = "three.yaml", text: str = THREE) -> Path:
        path = self._path / name
        path.write_text(text)
        return path

    @property
    def profile(self) -> str:
        """The path of an accelerator's profile: a link of 20 GB/s, a disk of 5 GB/s."""
        return str(self("gpu.yaml", PROFILE))
