"""Measurements of the installed program; each module is a command: `python -m benchmarks.startup`."""
