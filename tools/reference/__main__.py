"""`python -m tools.reference` writes the pages that are out of date."""

from tools.reference.pages import stale

for path, text in stale().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    print(f"written: {path.name}")
