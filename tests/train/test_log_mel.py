"""The network on log-mel energies."""

import numpy as np
import pytest
import torch
from kws_train.log_mel import FLOOR, LogMel, LogMelClassifier, LogMelSettings, mel_filters
from kws_train.networks import start_network
from kws_train.recipe import parse_recipe

from kws_live.errors import ConfigError

from .conftest import tiny_document

LABELS = ("low", "high", "_unknown_", "_silence_")


def tone(hz: float) -> torch.Tensor:
    return 0.1 * torch.sin(2 * torch.pi * hz * torch.arange(16_000) / 16_000)[None]


def test_filters_rise_on_a_mel_scale() -> None:
    """Each frequency that speech has is in one filter or two, whose weights add up to one."""
    filters = mel_filters()
    peaks = filters.argmax(axis=1)
    assert np.all(np.diff(peaks) >= 0)
    inside = slice(int(peaks[0]) + 1, int(peaks[-1]))
    np.testing.assert_allclose(filters.sum(axis=0)[inside], 1.0, atol=1e-5)


def test_energies_are_where_and_when_the_sound_is() -> None:
    """A tone in the window's second half is in its filter's row, in the frames of that half."""
    x = tone(1_000.0)
    x[:, :8_000] = 0
    mels = LogMel()(x)[0]
    assert mels.shape == (64, 101)
    loudest = int(mels[:, 75].argmax())
    assert mel_filters()[loudest].argmax() * 16_000 / 512 == pytest.approx(1_000.0, abs=60)
    silence = (np.log(FLOOR) + 4) / 4
    assert float(mels[loudest, 25]) == pytest.approx(silence, abs=1e-3)
    assert float(mels[loudest, 75]) > 0


def test_masks_hide_only_in_training() -> None:
    """The same window gives the same logits when judged, and others each time it is learned from."""
    torch.manual_seed(0)
    model = LogMelClassifier(LABELS, LogMelSettings(widths=(8,), stem_channels=2, dropout=0.0))
    x = tone(440.0)
    model.eval()
    with torch.no_grad():
        assert torch.equal(model(x).logits, model(x).logits)
        model.train()
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                norm.eval()
        drawn = torch.cat([model(x).logits for _ in range(8)])
    assert len(drawn.unique(dim=0)) > 4


def test_widths_decide_blocks_and_frames() -> None:
    """A block for each width; where it changes, half the frames are left."""
    model = LogMelClassifier(LABELS, LogMelSettings(widths=(8, 8, 12, 16), stem_channels=2))
    hidden = torch.zeros(1, 8, 51)
    lengths = []
    for block in model.blocks:
        hidden = block(hidden)
        lengths.append(tuple(hidden.shape[1:]))
    assert lengths == [(8, 51), (8, 51), (12, 26), (16, 13)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": []}, r"\[networks\.teacher\] widths = \[\]: each must be 4 or more"),
        ({"widths": [8, 2]}, r"widths = \[8, 2\]: each must be 4 or more"),
        ({"widths": [8.5]}, r"widths = 8\.5: must be a whole number"),
        ({"stem_channels": 0}, r"stem_channels = 0: must be 1 or more"),
        ({"dropout": 0.5}, r"dropout = 0\.5: must lie between 0 and 0\.3"),
        ({"longest_mask_mels": 65}, r"longest_mask_mels = 65: must lie between 0 and 64"),
        ({"width": 8}, r"\[networks\.teacher\] width: unknown key"),
    ],
)
def test_settings_out_of_range_are_named(settings: dict, message: str) -> None:
    """The message names table, key, value and range."""
    document = tiny_document()
    document["networks"]["teacher"] = {"kind": "log_mel"} | settings
    document["stages"] = [
        {"name": "teach", "network": "teacher"},
        {"name": "learn", "network": "tiny", "taught_by": ["teach"]},
    ]
    chain = parse_recipe(document)
    with pytest.raises(ConfigError, match=message):
        start_network(chain, chain.stages[0], {})
