"""The stages between a source and a detection: plain objects without threads, clocks or I/O.

Each stage is fed by `push`/`step`, keeps only what it needs of the past, and forgets it on `reset`.
Stages don't import each other; `kws_live.pipeline` connects them.
"""
