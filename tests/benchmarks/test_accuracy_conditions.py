"""Test clips, and the same in noise and in rooms."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.corpus import burst

from benchmarks.accuracy_conditions import Noise, find_noise, in_noise, in_rooms
from benchmarks.accuracy_windows import (
    Windows,
    find_test_clips,
    known_speakers,
    read_windows,
    sha256_of,
    to_float,
    to_int16,
)
from kws_live.errors import InputError
from kws_live.eval.mixing import active_rms
from kws_live.eval.rooms import draw_rooms
from kws_live.stages.activity import active_extent
from kws_live.types import SAMPLE_RATE_HZ

WINDOW = SAMPLE_RATE_HZ
LABELS = ("yes", "no", "_unknown_", "_silence_")
SILENCE = 3


def write(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, SAMPLE_RATE_HZ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Test clips as Speech Commands lays them out, and a word that is no label."""
    root = tmp_path / "test"
    write(root / "yes" / "0a1b_nohash_0.wav", burst(0.1, 0.2, 0.1))
    write(root / "no" / "0a1b_nohash_1.wav", burst(0.5, 0.5, 1.0))
    write(root / "cat" / "77ff_nohash_0.wav", burst(0.1, 0.2, 0.1))
    write(root / "_unknown_" / "dog_0a1b_nohash_3.wav", burst(0.1, 0.2, 0.1))
    write(root / "_silence_" / "12.wav", np.zeros(WINDOW))
    return root


def clean(*windows: np.ndarray, targets: list[int]) -> Windows:
    """Windows of as many speakers."""
    speakers = [f"s{number}" for number in range(len(windows))]
    return Windows(to_int16(np.stack(windows)), np.array(targets), {"speaker": speakers})


def hum(name: str, seconds: float = 3.0, level: float = 0.1) -> Noise:
    """A steady noise, of which any second will do."""
    rng = np.random.default_rng(len(name))
    samples = (rng.standard_normal(round(seconds * SAMPLE_RATE_HZ)) * level).astype(np.float32)
    return Noise(name, samples, np.array([0, 1600]))


def test_folders_are_classes_and_other_words_are_unknown(folder: Path) -> None:
    """Unknown words and silence have folders of their own."""
    clips = find_test_clips(folder)
    windows = read_windows(clips, LABELS, WINDOW)
    named = {
        clip.path.parent.name: LABELS[at] for clip, at in zip(clips, windows.targets, strict=True)
    }
    own = {name: name for name in LABELS}
    assert named == own | {"cat": "_unknown_"}


def test_clips_are_padded_or_cut_at_their_middle(folder: Path) -> None:
    """0.4 s lie between zeros; of 2 s the middle one is left."""
    clips = find_test_clips(folder)
    windows = dict(
        zip((c.word for c in clips), read_windows(clips, LABELS, WINDOW).samples, strict=True)
    )
    assert active_extent(to_float(windows["yes"])) == (6_400, 9_600)
    assert active_extent(to_float(windows["no"])) == (0, 8_000)
    assert not windows["_silence_"].any()


def test_the_name_of_a_clip_tells_its_speaker(folder: Path) -> None:
    """Behind the word in the folder of unknown words; whoever is not named is alone."""
    windows = read_windows(find_test_clips(folder), LABELS, WINDOW)
    assert sorted(windows.clusters["speaker"]) == [
        "0a1b",
        "0a1b",
        "0a1b",
        "77ff",
        "_silence_/12.wav",
    ]
    assert known_speakers(windows) == 2


def test_the_hash_knows_the_clips_again(folder: Path, tmp_path: Path) -> None:
    """Wherever they lie; another clip is another hash."""
    before = sha256_of(folder, find_test_clips(folder))
    moved = folder.rename(tmp_path / "elsewhere")
    assert sha256_of(moved, find_test_clips(moved)) == before
    write(moved / "yes" / "0a1b_nohash_0.wav", burst(0.1, 0.3, 0.1))
    assert sha256_of(moved, find_test_clips(moved)) != before


def test_kinds_of_noise_are_picked_by_the_names_of_folders_and_files(tmp_path: Path) -> None:
    """Whole names: rain is not in train. ESC-50 tells its kinds at the end of file names."""
    tone = burst(0.0, 2.0, 0.0)
    for name in ("train/rain/a.wav", "train/dog/b.wav", "train/1-9-A-41.wav", "train/1-9-A-10.wav"):
        write(tmp_path / name, tone)
    found = find_noise([tmp_path / "train"], ["rain", "*-41.wav"], WINDOW)
    assert {kind: [one.name for one in some] for kind, some in found.items()} == {
        "rain": ["rain/a.wav"],
        "*-41.wav": ["*-41.wav/1-9-A-41.wav"],
    }
    with pytest.raises(InputError, match=r"no noise of the kind 'chainsaw'.*--noise-kinds"):
        find_noise([tmp_path / "train"], ["rain", "chainsaw"], WINDOW)


def test_a_pause_in_a_recording_is_no_noise(tmp_path: Path) -> None:
    """Only seconds are drawn in which something sounds."""
    write(tmp_path / "baby" / "cry.wav", burst(2.0, 1.0, 2.0))
    (cry,) = find_noise([tmp_path], ["baby"], WINDOW)["baby"]
    assert cry.starts.min() == SAMPLE_RATE_HZ + 1_600
    assert cry.starts.max() == 3 * SAMPLE_RATE_HZ - 1_600


def test_noise_stands_below_the_word_by_the_snr() -> None:
    """Active RMS of the word to RMS of the noise, in each kind once."""
    words = clean(burst(0.3, 0.4, 0.3), burst(0.2, 0.3, 0.5, amplitude=0.05), targets=[0, 1])
    noisy = in_noise(words, {"hum": [hum("hum/a")], "buzz": [hum("buzz/b")]}, SILENCE, 10.0)
    assert list(noisy.targets) == [0, 1, 0, 1]
    assert list(noisy.groups) == ["hum", "hum", "buzz", "buzz"]
    assert noisy.clusters["recording of noise"] == ["hum/a", "hum/a", "buzz/b", "buzz/b"]
    for mixed, word in zip(noisy.samples, [*words.samples] * 2, strict=True):
        noise = to_float(mixed) - to_float(word)
        snr_db = 20 * np.log10(active_rms(to_float(word)) / np.sqrt(np.mean(np.square(noise))))
        assert snr_db == pytest.approx(10.0, abs=0.1)


def test_where_nobody_speaks_noise_is_as_loud_as_around_the_words() -> None:
    """As around the middle one of them, whatever the clip of silence holds."""
    loud, soft = burst(0.3, 0.4, 0.3, amplitude=0.4), burst(0.3, 0.4, 0.3, amplitude=0.2)
    nobody = np.zeros(WINDOW, np.float32)
    words = clean(loud, soft, soft, nobody, targets=[0, 0, 0, SILENCE])
    heard = to_float(in_noise(words, {"hum": [hum("hum/a")]}, SILENCE, 10.0).samples[3])
    expected = active_rms(soft) * 10 ** (-10 / 20)
    assert np.sqrt(np.mean(np.square(heard))) == pytest.approx(expected, rel=0.01)


def test_what_is_drawn_for_a_clip_is_always_the_same() -> None:
    """And another recording or second for another clip."""
    word = burst(0.3, 0.4, 0.3)
    noises = {"hum": [hum(f"hum/{'x' * n}") for n in range(1, 9)]}
    one = in_noise(clean(word, word, word, targets=[0, 0, 0]), noises, SILENCE)
    two = in_noise(clean(word, word, word, targets=[0, 0, 0]), noises, SILENCE)
    np.testing.assert_array_equal(one.samples, two.samples)
    assert len({window.tobytes() for window in one.samples}) > 1


def test_in_a_room_a_word_keeps_its_place_and_level() -> None:
    """What arrives begins where the dry word does, rings on, and is as loud."""
    rooms = draw_rooms(2, rt60_s=(0.3, 0.5), distance_m=(1.0, 4.0), seed=3)
    words = clean(*[burst(0.3, 0.2, 0.5)] * 6, targets=[0] * 6)
    wet = in_rooms(words, rooms)
    assert set(wet.clusters["room"]) == {"0", "1"}
    for heard, dry in zip(to_float(wet.samples), to_float(words.samples), strict=True):
        assert active_rms(heard) == pytest.approx(active_rms(dry), rel=0.01)
        start, end = active_extent(heard)
        assert abs(start - active_extent(dry)[0]) <= 160
        assert end > active_extent(dry)[1] + 800
