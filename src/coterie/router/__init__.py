"""Prompt to expert: rules, examples and learned scores, weighed with cost and residency."""
