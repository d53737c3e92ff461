"""A temperature, fitted on validation and folded into the last layer."""

import json
from pathlib import Path

import numpy as np
import pytest
from kws_train.calibrate import HIGHEST, LOWEST, calibrate_run, fit_temperature, fold_temperature
from kws_train.evaluate import judge, load_run, logits_of, stored_validation
from kws_train.fit import Corpora, fit
from kws_train.recipe import Chain
from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.eval.calibration import Reliability
from kws_live.model.classifier import softmax


@pytest.fixture
def run(chain: Chain, corpora: Corpora, tmp_path: Path) -> Path:
    """A run of the tiny recipe whose last layer is far too bold."""
    folder = tmp_path / "run"
    fit(chain, corpora, folder, cache_dir=tmp_path / "cache", workers=0)
    model, _, _ = load_run(folder)
    model.classifier.weight.data.mul_(8.0)
    model.classifier.bias.data.mul_(8.0)
    model.save_pretrained(folder)
    (folder / "metrics.json").unlink()
    return folder


def drawn(temperature: float, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too bold by a temperature, with labels drawn as they should be."""
    rng = np.random.default_rng(4)
    logits = rng.normal(0.0, 2.0, (n, 5))
    shares = softmax(logits.astype(np.float32)).cumsum(axis=1)
    labels = (rng.random((n, 1)) > shares).sum(axis=1).clip(0, 4)
    return (logits * temperature).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found(temperature: float) -> None:
    """Labels drawn from the posteriors of cooler or warmer logits give it back."""
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.03)


def test_a_temperature_has_bounds() -> None:
    """Where all is right the best one is nought, where all is wrong it has no end."""
    logits = np.array([[5.0, 0.0], [0.0, 5.0]], np.float32)
    assert fit_temperature(logits, np.array([0, 1])) == pytest.approx(LOWEST)
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(HIGHEST)


def test_folding_divides_the_logits_and_changes_no_guess(run: Path) -> None:
    """In the last layer alone; a second time there is nothing to do."""
    model, recipe, normalize = load_run(run)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(run)
    windows = stored_validation(run)
    before = logits_of(model, windows.clips, normalize)
    accuracy = judge(model, windows, recipe.labels, normalize).confusion.diagonal().sum()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    found = fold_temperature(model, extractor, windows)
    assert found.temperature > 1.5
    after = logits_of(model, windows.clips, normalize)
    np.testing.assert_allclose(after, before / found.temperature, rtol=1e-3, atol=1e-5)
    assert judge(model, windows, recipe.labels, normalize).confusion.diagonal().sum() == accuracy
    changed = {name for name, value in model.state_dict().items() if not value.equal(weights[name])}
    assert changed == {"classifier.weight", "classifier.bias"}
    assert fold_temperature(model, extractor, windows).temperature == pytest.approx(1.0, abs=1e-3)


def test_a_calibrated_run_is_an_ordinary_checkpoint_that_tells_its_temperature(run: Path) -> None:
    """With likelihood and calibration error before and after; older measurements are gone."""
    (run / "metrics.json").write_text(json.dumps({"validation": {"n": 1, "accuracy": 1.0}}))
    found = calibrate_run(run)
    assert found.nll_after < found.nll_before
    assert json.loads((run / "metrics.json").read_text()) == {"calibration": vars(found)}
    model = Wav2Vec2ForSequenceClassification.from_pretrained(run).eval()
    windows = stored_validation(run)
    judged = judge(model, windows, ("low", "high", "_unknown_", "_silence_"), False)
    error = Reliability.of(judged.posteriors, windows.labels).ece
    assert error == pytest.approx(found.ece_after, abs=1e-3)
