"""`kws-live eval`: the group."""

import click

from kws_live.commands.lazy import LazyGroup

_LAZY = {
    "stream": "kws_live.commands.eval_stream:stream",
    "clips": "kws_live.commands.eval_clips:clips",
    "make": "kws_live.commands.eval_make:make",
}


@click.group(cls=LazyGroup, lazy=_LAZY)
def evaluate() -> None:
    """Measure how many words are missed, and how often something else is taken for one.

    Recordings run through the very pipeline that listens to the microphone, with your configuration.
    """
