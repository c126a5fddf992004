"""Comparisons with peers and limits: `python -m benchmarks NAME`. Coterie imports none of it."""
