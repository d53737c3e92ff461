"""Rooms in which some examples are heard."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kws_train.cache import open_store
from kws_train.corpus import find_recordings
from kws_train.examples import ExampleMaker
from kws_train.fit import Corpora
from kws_train.plan import Make, plan_epoch, pools_of
from kws_train.recipe import Recipe
from kws_train.rooms import LEAD_SAMPLES, RoomBank, open_rooms
from kws_train.settings import AugmentSettings

from kws_live.errors import OutputError
from kws_live.eval.rooms import draw_rooms

N = 16_000


def with_rooms(recipe: Recipe, share: float) -> Recipe:
    return replace(recipe, augment=replace(recipe.augment, room_share=share))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rooms")


@pytest.fixture
def rooms(tiny: Recipe, cache: Path) -> RoomBank:
    bank = open_rooms(0.5, tiny.seed, cache, count=4)
    assert bank is not None
    return bank


def test_rooms_are_drawn_once(rooms: RoomBank, tiny: Recipe, cache: Path) -> None:
    """For a seed; the second time they come from their file, the same to the bit."""
    written_ns = rooms.file.stat().st_mtime_ns
    again = open_rooms(0.1, tiny.seed, cache, count=4)
    assert again is not None
    assert again.file.stat().st_mtime_ns == written_ns
    assert np.array_equal(again.spectra, rooms.spectra)
    other = open_rooms(0.1, tiny.seed + 1, cache, count=4)
    assert other is not None
    assert not np.array_equal(other.spectra, rooms.spectra)


def test_without_a_share_there_are_none(tiny: Recipe, tmp_path: Path) -> None:
    """Nothing is drawn that no example needs."""
    assert tiny.augment.room_share == 0.0
    assert open_rooms(tiny.augment.room_share, tiny.seed, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_room_is_heard_as_it_sounds(rooms: RoomBank, tiny: Recipe) -> None:
    """As its response says, from the direct sound on, by plain convolution."""
    rng = np.random.default_rng(0)
    dry = np.zeros(N, np.float32)
    dry[2000:9000] = 0.1 * rng.standard_normal(7000)
    drawn = draw_rooms(4, rt60_s=(0.2, 0.7), distance_m=(0.3, 3.0), seed=tiny.seed)
    for number, room in enumerate(drawn):
        lead = min(LEAD_SAMPLES, room.delay_samples)
        late = room.delay_samples - lead
        expected = np.convolve(dry, room.response[late : late + 7000])[:N]
        expected *= np.sqrt(np.mean(dry**2) / np.mean(expected**2))
        wet = rooms.hear(dry, number)
        # The response goes on for a little; what comes after 0.44 s is faint.
        assert np.sqrt(np.mean((wet - expected) ** 2)) < 0.03 * np.sqrt(np.mean(expected**2))


def test_a_word_stays_where_it_is_and_as_loud(rooms: RoomBank) -> None:
    """What is loud of it begins within 5 ms of where it did; afterwards the room rings."""
    dry = np.zeros(N, np.float32)
    dry[6000:9000] = 0.1 * np.random.default_rng(0).standard_normal(3000)
    for number in range(len(rooms)):
        wet = rooms.hear(dry, number)
        assert wet.dtype == np.float32
        assert np.sqrt(np.mean(wet**2)) == pytest.approx(np.sqrt(np.mean(dry**2)), rel=1e-4)
        first = int(np.argmax(np.abs(wet) > 0.1 * np.abs(wet).max()))
        assert 5990 <= first <= 6000 + 80
        assert np.abs(wet[9100:]).max() > 0.01 * np.abs(wet).max()
        assert np.abs(wet[:5900]).max() < 0.01 * np.abs(wet).max()


def test_silence_stays_silent(rooms: RoomBank) -> None:
    """Zeros are not divided by their loudness."""
    assert not rooms.hear(np.zeros(N, np.float32), 0).any()


def test_rooms_sent_to_another_process_are_the_same_file(rooms: RoomBank) -> None:
    """Workers map it; nothing is copied to them."""
    sent = pickle.dumps(rooms)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).spectra, rooms.spectra)


def test_only_speech_is_in_rooms(
    rooms: RoomBank, corpora: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Words, fragments and crops of it; silent windows are what they were without rooms."""
    store = open_store(find_recordings(corpora.data, corpora.speech), tmp_path)
    dry = replace(tiny, augment=AugmentSettings(noise_share=0.0, gain_db_range=(0.0, 0.0)))
    makers = [
        ExampleMaker(store, with_rooms(dry, share), 18, rooms if share else None)
        for share in (0.0, 1.0)
    ]
    _, makes, _ = plan_epoch(pools_of(store, dry, "training"), np.diff(store.starts), dry, 0)
    for i, make in enumerate(makes):
        a, b = (maker.make(0, i).window for maker in makers)
        assert np.array_equal(a, b) == (make == Make.SILENCE)


def test_a_share_without_rooms_is_refused(corpora: Corpora, tiny: Recipe, tmp_path: Path) -> None:
    """Training without the rooms that the recipe asks for would be another run."""
    store = open_store(find_recordings(corpora.data), tmp_path)
    with pytest.raises(ValueError, match=r"room_share = 0\.3, but no rooms"):
        ExampleMaker(store, with_rooms(tiny, 0.3), 18)


def test_a_cache_that_cannot_be_written_is_named(tiny: Recipe, tmp_path: Path) -> None:
    """As for decoded audio."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write the cache in"):
        open_rooms(0.5, tiny.seed, tmp_path / "file", count=1)
