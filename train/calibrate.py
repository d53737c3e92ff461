"""Making posteriors believable: a temperature, fitted on validation windows and folded into the weights.

Label smoothing makes a network shy and long training makes it bold. Dividing its logits by one
number, the temperature, mends most of that and changes no guess (Guo, Pleiss, Sun and Weinberger,
"On Calibration of Modern Neural Networks", ICML 2017). Folded into the last layer, it costs nothing
and the checkpoint stays an ordinary Wav2Vec2ForSequenceClassification.
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F
from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.eval.calibration import Reliability
from kws_live.model.classifier import softmax
from kws_live.types import Float32Array

from .evaluate import load_run, logits_of, stored_validation
from .files import write_json
from .networks import Network
from .run_folder import write_model
from .validation import LabelledWindows

log = logging.getLogger(__name__)

#: No network that learnt anything lies outside; where every window is right, the best
#: temperature would be nought.
LOWEST, HIGHEST = 0.25, 4.0
_HALVINGS = 60


@dataclass(frozen=True)
class Calibration:
    """What a temperature did to a model's posteriors on its validation windows.

    Attributes:
        temperature: What the logits were divided by.
        windows: How many there were.
        nll_before: Mean negative log-likelihood of the right label, in nats.
        nll_after: The same with the temperature.
        ece_before: Expected calibration error in 15 bins, 0..1.
        ece_after: The same with the temperature.
    """

    temperature: float
    windows: int
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float


def fit_temperature(logits: Float32Array, labels: npt.NDArray[np.int64]) -> float:
    """Return the temperature, from LOWEST to HIGHEST, at which the right labels are likeliest.

    The likelihood is concave in the inverse temperature, so halving a bracket of its slope finds
    the one best value.

    Args:
        logits: float32 [n, classes].
        labels: int64 [n], the right class of each.
    """
    z = torch.from_numpy(logits).double()
    right = z[torch.arange(len(z)), torch.from_numpy(labels)].mean()

    def too_bold(temperature: float) -> bool:
        """Whether the expected logit exceeds that of the right class: a higher temperature is better."""
        return bool(((z / temperature).softmax(dim=1) * z).sum(dim=1).mean() > right)

    low, high = np.log(LOWEST), np.log(HIGHEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if too_bold(float(np.exp(middle))):
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def fold_temperature(
    model: Wav2Vec2ForSequenceClassification,
    extractor: Wav2Vec2FeatureExtractor,
    windows: LabelledWindows,
) -> Calibration:
    """Divide a model's classifier by the temperature that suits some windows.

    No guess changes, nor does anything at a second call: that finds 1. Only where the first came up
    against LOWEST or HIGHEST does a second go further.

    Args:
        model: In evaluation mode; its last layer's weights and biases are changed in place.
        extractor: Its preprocessor.
        windows: Validation windows, never test ones.
    """
    logits = logits_of(model, windows.clips, bool(extractor.do_normalize))
    temperature = fit_temperature(logits, windows.labels)
    with torch.no_grad():
        model.classifier.weight.div_(temperature)
        model.classifier.bias.div_(temperature)
    mended = logits / np.float32(temperature)
    return Calibration(
        temperature=round(temperature, 4),
        windows=len(windows),
        nll_before=_nll(logits, windows.labels),
        nll_after=_nll(mended, windows.labels),
        ece_before=_ece(logits, windows.labels),
        ece_after=_ece(mended, windows.labels),
    )


def calibrate_run(run: Path) -> Calibration:
    """Fold a temperature into the model of a run, fitted on the windows that it was watched with.

    A model is calibrated once: a run that has been is left as it is.

    The weights are written anew, and what was measured with the old ones goes. `metrics.json` then
    holds the calibration under that name.

    Args:
        run: A run folder whose training is over.

    Raises:
        InputError: There is no model yet, or no validation windows.
    """
    recorded = _metrics(run).get("calibration")
    if recorded is not None:
        return Calibration(**recorded)
    model, _, _ = load_run(run)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(run)
    found = fold_temperature(model, extractor, stored_validation(run))
    write_model(run, Network(model, extractor))
    write_json(run / "metrics.json", {"calibration": asdict(found)})
    log.info(
        "temperature %.3f folded into the classifier: calibration error %.2f %% → %.2f %% of validation",
        found.temperature,
        100 * found.ece_before,
        100 * found.ece_after,
    )
    return found


def _metrics(run: Path) -> dict[str, Any]:
    file = run / "metrics.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _nll(logits: Float32Array, labels: npt.NDArray[np.int64]) -> float:
    found = F.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(labels))
    return round(float(found), 4)


def _ece(logits: Float32Array, labels: npt.NDArray[np.int64]) -> float:
    ece = Reliability.of(softmax(logits), labels).ece
    assert ece is not None, "a run has validation windows"
    return round(ece, 4)
