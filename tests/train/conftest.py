"""A corpus small enough to train on in seconds, made of tones; no speech program is needed."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from kws_train.fit import Corpora
from kws_train.recipe import Chain, Stage, parse_recipe
from kws_train.split import speech_commands_split
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForPreTraining

RATE_HZ = 16_000
TONES_HZ = {"low": 300.0, "high": 2500.0, "other": 900.0}


def speakers(split: str, n: int) -> list[str]:
    """The first n made-up speaker names that the official hash puts into a split."""
    names = (f"{i:08x}" for i in range(10_000))
    return [s for s in names if speech_commands_split(f"{s}_nohash_0.wav") == split][:n]


def tone_clip(hz: float, rng: np.random.Generator, length_s: float = 1.0) -> np.ndarray:
    """A tone of 0.3 s with a second harmonic, anywhere in a faintly noisy second."""
    x = rng.standard_normal(round(length_s * RATE_HZ)) * 1e-3
    n = round(0.3 * RATE_HZ)
    at = int(rng.integers(0, len(x) - n))
    t = np.arange(n) / RATE_HZ
    hz *= rng.uniform(0.95, 1.05)
    x[at : at + n] += (np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(4 * np.pi * hz * t)) * 0.2
    return x.astype(np.float32)


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Corpora:
    """Two keywords and another word by 12 speakers, longer speech, noise; one silent, one cut."""
    root = tmp_path_factory.mktemp("corpora")
    rng = np.random.default_rng(0)
    for split, n in (("training", 8), ("validation", 3), ("testing", 1)):
        for speaker in speakers(split, n):
            for word, hz in TONES_HZ.items():
                path = root / "words" / word / f"{speaker}_nohash_0.flac"
                path.parent.mkdir(parents=True, exist_ok=True)
                sf.write(path, tone_clip(hz, rng), RATE_HZ)
    bad = speakers("training", 10)[8:]
    cut = np.zeros(RATE_HZ, np.float32)
    cut[:1200] = 0.3 * np.sin(np.arange(1200) * 0.2)
    sf.write(root / "words" / "low" / f"{bad[0]}_nohash_0.flac", np.zeros(RATE_HZ), RATE_HZ)
    sf.write(root / "words" / "low" / f"{bad[1]}_nohash_0.flac", cut, RATE_HZ)
    (root / "words" / "_background_noise_").mkdir()
    for i in range(12):
        noise = root / "words" / "_background_noise_" / f"hum{i}.wav"
        sf.write(noise, 0.05 * rng.standard_normal(2 * RATE_HZ), RATE_HZ)
    for i in range(20):
        path = root / "speech" / f"speaker{i}" / "talk.flac"
        path.parent.mkdir(parents=True)
        sf.write(path, tone_clip(700.0 + 20 * i, rng, 2.5), RATE_HZ)
    return Corpora([root / "words"], [root / "speech"])


@pytest.fixture
def chain() -> Chain:
    """Two keywords, a network of a few thousand weights, two epochs of four steps."""
    return parse_recipe(tiny_document())


@pytest.fixture
def tiny(chain: Chain) -> Stage:
    """The only stage of the tiny chain."""
    return chain.last


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A pretrained model in the layout of facebook/wav2vec2-base, only much smaller."""
    config = Wav2Vec2Config(
        conv_dim=[16] * 7,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        codevector_dim=16,
        proj_codevector_dim=16,
        num_codevectors_per_group=4,
    )
    torch.manual_seed(0)
    Wav2Vec2ForPreTraining(config).save_pretrained(tmp_path / "checkpoint")
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def tiny_document() -> dict:
    """The tiny recipe as a TOML document."""
    return {
        "schema": 1,
        "seed": 3,
        "keywords": ["low", "high"],
        "validation": {"unknown_words_share": 0.0},
        "networks": {
            "tiny": {
                "gabor_start": True,
                "conv_dim": [16, 32],
                "conv_kernel": [256, 16],
                "conv_stride": [80, 10],
                "feat_extract_norm": "layer",
                "do_stable_layer_norm": True,
                "conv_bias": True,
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 64,
                "num_conv_pos_embeddings": 8,
                "num_conv_pos_embedding_groups": 2,
                "classifier_proj_size": 32,
                "layerdrop": 0.0,
            }
        },
        "stages": [{"name": "only", "network": "tiny"}],
        "training": {
            "epochs": 2,
            "examples_per_epoch": 64,
            "batch_size": 16,
            "learning_rate": 2e-3,
        },
    }
