"""One training example: a recording made into an augmented one-second window.

The model will be given the last second of a stream every 100 ms, so a word may lie anywhere in
its window, with other speech or noise around it, and most windows hold only a part of a word or
none. The examples are made to be like that.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_live.types import Float32Array

from . import augment
from .cache import ClipStore
from .plan import Make, Rows, plan_epoch, pools_of
from .recipe import Recipe
from .rooms import RoomBank
from .windows import WINDOW_SAMPLES, draw_crop, silent_window, to_float

#: Of the noises mixed under speech: those that are made, and those that are three voices.
MADE_NOISE_SHARE, BABBLE_SHARE = 0.2, 0.1
#: Other speech keeps this distance from a word, and stays away from a side this often.
NEIGHBOUR_GAP_SAMPLES = (320, 4800)
LONE_SIDE_SHARE = 0.35
NEIGHBOUR_LEVEL_DB = (-12.0, 3.0)


@dataclass(frozen=True)
class Example:
    """A window ready for the model.

    Attributes:
        window: float32 [16000] in −1..1.
        mask: bool [frames], the encoder frames that SpecAugment hides.
        label: Number of the class.
    """

    window: Float32Array
    mask: npt.NDArray[np.bool_]
    label: int


class ExampleMaker:
    """Makes any example of a run; the same (epoch, index) always gives the same one."""

    def __init__(
        self, store: ClipStore, recipe: Recipe, n_frames: int, rooms: RoomBank | None = None
    ) -> None:
        """Sort the training recordings.

        Args:
            store: The decoded recordings.
            recipe: Seed, shares and ranges.
            n_frames: Encoder frames of one window, for SpecAugment's masks.
            rooms: Where a recipe with a `room_share` lets its speech be heard.

        Raises:
            ValueError: The recipe asks for rooms and there are none.
        """
        if recipe.augment.room_share and rooms is None:
            raise ValueError(f"room_share = {recipe.augment.room_share}, but no rooms are given")
        self._store, self._recipe, self._n_frames = store, recipe, n_frames
        self._rooms = rooms
        self._pools = pools_of(store, recipe, "training")
        self._lengths = np.diff(store.starts)
        self._planned: tuple[int, tuple[Rows, Rows, Rows]] | None = None

    def make(self, epoch: int, index: int) -> Example:
        """Return example `index` of epoch `epoch`, drawn from generator (seed, epoch, index)."""
        labels, makes, rows = self._plan(epoch)
        rng = np.random.default_rng((self._recipe.seed, epoch, index))
        a = self._recipe.augment
        make, row = Make(int(makes[index])), int(rows[index])
        if make is Make.SILENCE:
            window = silent_window(self._crop(row, rng) if row >= 0 else None, rng)
        else:
            window = self._crop(row, rng) if make is Make.CROP else self._word(row, make, rng)
            if self._rooms and rng.random() < a.room_share:
                window = self._rooms.hear(window, int(rng.integers(len(self._rooms))))
            if rng.random() < a.noise_share:
                window = augment.add_noise(window, self._noise(rng), rng.uniform(*a.snr_db_range))
            window = augment.apply_gain(window, rng.uniform(*a.gain_db_range))
        mask = np.zeros(self._n_frames, bool)
        if a.mask_longest_frames and rng.random() < a.mask_share:
            mask = augment.draw_time_mask(self._n_frames, a.mask_longest_frames, rng)
        return Example(window, mask, int(labels[index]))

    def _plan(self, epoch: int) -> tuple[Rows, Rows, Rows]:
        """An epoch's plan, kept: it is needed thousands of times in a row, then never again."""
        if self._planned is None or self._planned[0] != epoch:
            self._planned = epoch, plan_epoch(self._pools, self._lengths, self._recipe, epoch)
        return self._planned[1]

    def _word(self, row: int, make: Make, rng: np.random.Generator) -> Float32Array:
        """A word somewhere in the window, or what remains of it at an edge."""
        a = self._recipe.augment
        start, end = (int(s) for s in self._store.spans[row])
        x, span = augment.change_speed(
            to_float(self._store.clip(row)), (start, end), rng.uniform(*a.speed_range)
        )
        draw = augment.draw_fragment_start if make is Make.FRAGMENT else augment.draw_start
        at = draw(span, WINDOW_SAMPLES, rng)
        window = augment.place_word(x, span, at, WINDOW_SAMPLES, fill=bool(rng.random() < 0.5))
        if len(self._pools.speech) and rng.random() < a.neighbour_share:
            before, after = (
                None if lone else int(gap)
                for gap, lone in zip(
                    rng.integers(*NEIGHBOUR_GAP_SAMPLES, 2),
                    rng.random(2) < LONE_SIDE_SHARE,
                    strict=True,
                )
            )
            window = augment.add_neighbours(
                window,
                (at, at + span[1] - span[0]),
                self._crop(self._any_speech(rng), rng),
                (before, after),
                rng.uniform(*NEIGHBOUR_LEVEL_DB),
            )
        return window

    def _noise(self, rng: np.random.Generator) -> Float32Array:
        draw = rng.random()
        if draw < MADE_NOISE_SHARE or not len(self._pools.noise):
            return augment.coloured_noise(WINDOW_SAMPLES, rng.uniform(0, 2), rng)
        if draw < MADE_NOISE_SHARE + BABBLE_SHARE and len(self._pools.speech):
            voices = [self._crop(self._any_speech(rng), rng) for _ in range(3)]
            babble: Float32Array = np.sum(
                [v / (np.abs(v).max() + np.float32(1e-6)) for v in voices], axis=0
            )
            return babble
        return self._crop(int(rng.choice(self._pools.noise)), rng)

    def _any_speech(self, rng: np.random.Generator) -> int:
        return int(rng.choice(self._pools.speech))

    def _crop(self, row: int, rng: np.random.Generator) -> Float32Array:
        return to_float(draw_crop(self._store.clip(row), int(self._store.peaks[row]), rng)[0])
