"""The repository speaks of the project alone: of no machine it was on, and of no package index."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# In pieces, so that this file does not hold what it forbids.
FORBIDDEN = {
    "a folder of one machine": r"(?<![\w.])/(?:work|root|home|Users|opt/" + r"pypi)/[\w.]",
    "the host of a package index": r"(?:py" + r"pi|python" + r"hosted|npm" + r"js)\.(?:org|com)",
    "a note from outside of the project": r"shared/(?:arch" + r"itecture|sty" + r"le|fa" + r"cts)",
}


def text_files() -> list[Path]:
    """Every file that is or would be committed, but for what is not text."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    if listing.returncode:
        pytest.skip("not a git repository: there is no telling what belongs to it")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:1024]]


def test_the_text_speaks_of_the_project_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {what}: {line.strip()[:80]}"
        for path in text_files()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["/" + "root/x", "see /" + "work/y", "https://py" + "pi.org/simple", "shared/sty" + "le.md"],
)
def test_forbidden_words_are_recognised(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("line", ["src/work/x", "a/root/b", "~/.local", "pip install coterie"])
def test_other_words_are_not(line: str) -> None:
    assert not any(re.search(pattern, line) for pattern in FORBIDDEN.values())
