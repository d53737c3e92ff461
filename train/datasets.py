"""What the Trainer reads: a run's examples in order, and fixed windows."""

import torch
from torch.utils.data import Dataset

from .examples import ExampleMaker
from .validation import LabelledWindows
from .windows import prepare, to_float


class RunDataset(Dataset[dict[str, torch.Tensor]]):
    """All examples of a run, one epoch after another.

    Making the whole run one sequence lets a resumed run start at any example, mid-epoch too,
    by skipping indices; nothing has to be told which epoch it is.
    """

    def __init__(
        self, maker: ExampleMaker, epochs: int, examples_per_epoch: int, normalize: bool
    ) -> None:
        """Note the run's size and the preprocessor's choice; examples are made when asked for."""
        self._maker, self._epochs, self._per_epoch = maker, epochs, examples_per_epoch
        self._normalize = normalize

    def __len__(self) -> int:
        return self._epochs * self._per_epoch

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        """Return example i of the run as the model's keyword arguments."""
        example = self._maker.make(*divmod(i, self._per_epoch))
        return {
            "input_values": torch.from_numpy(prepare(example.window, self._normalize)),
            "mask_time_indices": torch.from_numpy(example.mask),
            "labels": torch.tensor(example.label),
        }


class WindowDataset(Dataset[dict[str, torch.Tensor]]):
    """Fixed windows with their labels."""

    def __init__(self, windows: LabelledWindows, normalize: bool) -> None:
        """Keep the windows; nothing is copied."""
        self._windows, self._normalize = windows, normalize

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        """Return window i as float32, as the model takes it, with its label."""
        x = prepare(to_float(self._windows.clips[i]), self._normalize)
        return {
            "input_values": torch.from_numpy(x),
            "labels": torch.tensor(int(self._windows.labels[i])),
        }
