"""Training examples: what they are made of, and that nothing but (seed, epoch, index) decides."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from kws_train.cache import ClipStore, open_store
from kws_train.corpus import find_recordings
from kws_train.datasets import RunDataset, WindowDataset
from kws_train.examples import ExampleMaker
from kws_train.fit import Corpora
from kws_train.plan import Make, plan_epoch, pools_of
from kws_train.recipe import Recipe
from kws_train.settings import MixSettings
from kws_train.validation import LabelledWindows
from kws_train.windows import draw_crop, silent_window
from torch.utils.data import DataLoader
from transformers import Wav2Vec2FeatureExtractor

from kws_live.errors import ConfigError


@pytest.fixture
def store(corpora: Corpora, tmp_path: Path) -> ClipStore:
    return open_store(find_recordings(corpora.data, corpora.speech), tmp_path)


@pytest.fixture
def maker(store: ClipStore, tiny: Recipe) -> ExampleMaker:
    return ExampleMaker(store, tiny, n_frames=18)


def test_an_example_does_not_depend_on_those_before_it(
    store: ClipStore, tiny: Recipe, maker: ExampleMaker
) -> None:
    """Examples made backwards, by another maker, are the same to the bit."""
    forwards = [maker.make(1, i) for i in range(24)]
    other = ExampleMaker(store, tiny, n_frames=18)
    backwards = [other.make(1, i) for i in reversed(range(24))][::-1]
    for a, b in zip(forwards, backwards, strict=True):
        assert np.array_equal(a.window, b.window)
        assert np.array_equal(a.mask, b.mask)
        assert a.label == b.label


def test_workers_change_nothing(maker: ExampleMaker) -> None:
    """The run's batches are the same with none and with two worker processes."""
    run = RunDataset(maker, epochs=2, examples_per_epoch=16, normalize=False)
    alone = list(DataLoader(run, batch_size=8, num_workers=0))
    shared = list(DataLoader(run, batch_size=8, num_workers=2))
    assert len(alone) == len(shared) == 4
    for a, b in zip(alone, shared, strict=True):
        assert all(torch.equal(a[k], b[k]) for k in ("input_values", "mask_time_indices", "labels"))


def test_a_maker_can_be_sent_to_another_process(maker: ExampleMaker) -> None:
    """Where workers are not forked, they get it pickled, and make the same examples."""
    expected = maker.make(1, 5)
    got = pickle.loads(pickle.dumps(maker)).make(1, 5)
    assert np.array_equal(got.window, expected.window)
    assert np.array_equal(got.mask, expected.mask)


def test_a_model_trains_and_is_judged_on_what_its_preprocessor_gives(maker: ExampleMaker) -> None:
    """With do_normalize, both datasets give what Hugging Face's extractor makes of a window."""
    extractor = Wav2Vec2FeatureExtractor(do_normalize=True)
    clips = (2000 * np.random.default_rng(0).standard_normal((2, 16_000)) + 300).astype(np.int16)
    clips[1] = 0
    raw_run, run = (RunDataset(maker, 1, 8, normalize=n) for n in (False, True))
    labelled = LabelledWindows(clips, np.array([0, 1]), ["", ""])
    raw_windows, windows = (WindowDataset(labelled, normalize=n) for n in (False, True))
    for raw, prepared in ((raw_run, run), (raw_windows, windows)):
        for i in range(2):
            x = raw[i]["input_values"].numpy()
            expected = extractor(x, sampling_rate=16_000)["input_values"][0]
            got = prepared[i]["input_values"].numpy()
            assert got.dtype == np.float32
            assert np.allclose(got, expected, atol=1e-5)


def test_each_epoch_is_another(maker: ExampleMaker) -> None:
    """The same place in the next epoch holds another example."""
    same = [np.array_equal(maker.make(0, i).window, maker.make(1, i).window) for i in range(24)]
    assert sum(same) <= 2  # windows of digital zeros are all alike


def test_examples_are_windows_of_a_16_bit_recording(maker: ExampleMaker) -> None:
    """Every example is one second of finite float32 within full scale."""
    for i in range(64):
        window = maker.make(0, i).window
        assert window.shape == (16_000,)
        assert window.dtype == np.float32
        assert np.isfinite(window).all()
        assert np.abs(window).max() <= 1.0


def test_the_plan_keeps_the_recipes_shares(store: ClipStore, tiny: Recipe) -> None:
    """Keywords come evenly; unknown and silence, and kinds of unknown, as the recipe says."""
    pools = pools_of(store, tiny, "training")
    labels, makes, _ = plan_epoch(pools, np.diff(store.starts), tiny, 0)
    n = tiny.training.examples_per_epoch
    counts = np.bincount(labels, minlength=4)
    assert len(labels) == n
    assert counts[2] == round(n * tiny.mix.unknown)
    assert counts[3] == round(n * tiny.mix.silence)
    assert abs(counts[0] - counts[1]) <= 1
    assert (makes == Make.FRAGMENT).sum() == round(counts[2] * tiny.mix.fragments)
    assert (makes == Make.CROP).sum() == round(counts[2] * tiny.mix.speech_crops)


def test_fragments_are_never_called_by_their_keyword(store: ClipStore, tiny: Recipe) -> None:
    """What remains of a keyword is an unknown word."""
    pools = pools_of(store, tiny, "training")
    labels, makes, _ = plan_epoch(pools, np.diff(store.starts), tiny, 0)
    assert set(labels[makes == Make.FRAGMENT]) == {tiny.labels.index("_unknown_")}


def test_training_uses_training_recordings_only(store: ClipStore, tiny: Recipe) -> None:
    """No example is made of a validation or testing recording, nor of a silent or cut clip."""
    pools = pools_of(store, tiny, "training")
    for epoch in range(3):
        _, _, rows = plan_epoch(pools, np.diff(store.starts), tiny, epoch)
        for row in rows:
            assert store.recordings[row].split == "training"
            assert not store.faults[row]


@pytest.mark.parametrize("n_unknown", [3, 5, 7, 9, 64])
def test_shares_that_leave_no_other_words_leave_none(
    store: ClipStore, tiny: Recipe, n_unknown: int
) -> None:
    """However the halves of an odd number are rounded, the parts make up the whole."""
    mix = MixSettings(unknown=0.5, silence=0.0, speech_crops=0.5, fragments=0.5)
    training = replace(tiny.training, examples_per_epoch=2 * n_unknown, batch_size=1)
    recipe = replace(tiny, mix=mix, training=training)
    labels, makes, _ = plan_epoch(
        pools_of(store, recipe, "training"), np.diff(store.starts), recipe, 0
    )
    unknown = makes[labels == tiny.labels.index("_unknown_")]
    assert len(unknown) == n_unknown
    assert not (unknown == Make.WORD).any()
    assert abs((unknown == Make.CROP).sum() - n_unknown / 2) <= 1


def test_keywords_always_have_examples(tiny: Recipe) -> None:
    """Shares that leave them none are refused."""
    with pytest.raises(
        ConfigError, match=r"unknown \+ silence = 1: together they must stay below 1"
    ):
        MixSettings(unknown=0.75, silence=0.25).check("")


def test_nothing_of_validation_is_heard_in_an_example(
    corpora: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Neither as a word nor beside one, in babble or as noise: the same examples without it."""
    found = find_recordings(corpora.data, corpora.speech)
    store = open_store(found, tmp_path)
    loud = np.array(store.samples)
    for i, r in enumerate(found):
        if r.split != "training":
            loud[store.starts[i] : store.starts[i + 1]] = 32_767
    assert {r.kind for r in found if r.split != "training"} == {"word", "speech", "noise"}
    augment = replace(tiny.augment, noise_share=1.0, neighbour_share=1.0)
    recipe = replace(tiny, augment=augment)
    expected = ExampleMaker(store, recipe, n_frames=18)
    marked = ExampleMaker(replace(store, samples=loud), recipe, n_frames=18)
    for epoch in range(4):
        for i in range(64):
            assert np.array_equal(marked.make(epoch, i).window, expected.make(epoch, i).window)


def test_silence_is_of_every_kind() -> None:
    """Zeros, a bit or two of noise, and loud noise all count as silence."""
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(16_000).astype(np.float32)
    peaks = np.array([np.abs(silent_window(noise, rng)).max() for _ in range(300)])
    assert (peaks == 0).any()
    assert ((peaks > 0) & (peaks < 1e-3)).any()
    assert (peaks > 0.1).any()


def test_a_crop_is_no_pause() -> None:
    """From a recording that is loud for one second of three, the loud part is mostly drawn."""
    x = np.zeros(48_000, np.int16)
    x[20_000:36_000] = 1000
    rng = np.random.default_rng(0)
    loud = [draw_crop(x, 1000, rng)[0].any() for _ in range(100)]
    assert sum(loud) >= 95
