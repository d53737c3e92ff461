"""One of the processes that torchrun starts: `late_signal.py DATA SPEECH FOLDER` trains a run.

SIGTERM comes to the second process alone, after the last step of its first stage.
"""

import logging
import os
import signal
import sys
from pathlib import Path

from kws_train.fit import Corpora, fit
from kws_train.recipe import load_recipe


class AfterLastStep(logging.Handler):
    """Raises the signal in the second process when the stage's last evaluation is told."""

    def emit(self, record: logging.LogRecord) -> None:
        """Look for the line that reports the second epoch."""
        if os.environ["RANK"] == "1" and record.getMessage().startswith("epoch 2 done"):
            signal.raise_signal(signal.SIGTERM)


logger = logging.getLogger("kws_train")
logger.setLevel(logging.INFO)
logger.addHandler(AfterLastStep())
data, speech, folder = map(Path, sys.argv[1:])
chain = load_recipe(str(folder / "recipe.toml"))
corpora = Corpora([data], [speech])
stopped_by = fit(chain, corpora, folder / "run", cache_dir=folder / "cache", workers=0)
sys.stdout.write(f"stopped by {stopped_by}\n")
