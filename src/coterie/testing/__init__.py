"""Public fakes, the virtual clock and worlds, and contract tests for plug-ins."""
