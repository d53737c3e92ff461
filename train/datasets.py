"""What the Trainer reads: a run's examples in order, and fixed windows."""

import torch
from torch.utils.data import Dataset

from .examples import ExampleMaker
from .validation import LabelledWindows
from .windows import prepare, to_float


class RunDataset(Dataset[dict[str, torch.Tensor]]):
    """All examples of a stage, one epoch after another.

    Making all epochs one sequence lets a resumed run start at any example, mid-epoch too,
    by skipping indices; nothing has to be told which epoch it is. Several processes share each
    batch by index, so what a batch holds does not depend on their number.
    """

    def __init__(
        self,
        maker: ExampleMaker,
        epochs: int,
        examples_per_epoch: int,
        *,
        normalize: bool,
        masks: bool = True,
        windows: bool = False,
    ) -> None:
        """Note the stage's size; examples are made when asked for.

        Args:
            maker: Makes them.
            epochs: How many.
            examples_per_epoch: Size of each.
            normalize: The preprocessor's choice.
            masks: Give the frames to hide along.
            windows: Give the window as it was before normalising along, for teachers.
        """
        self._maker, self._epochs, self._per_epoch = maker, epochs, examples_per_epoch
        self._normalize, self._masks, self._windows = normalize, masks, windows

    def __len__(self) -> int:
        return self._epochs * self._per_epoch

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        """Return example i of the stage as the model's keyword arguments."""
        example = self._maker.make(*divmod(i, self._per_epoch))
        item = {
            "input_values": torch.from_numpy(prepare(example.window, self._normalize)),
            "labels": torch.tensor(example.label),
        }
        if self._masks:
            item["mask_time_indices"] = torch.from_numpy(example.mask)
        if self._windows:
            item["windows"] = torch.from_numpy(example.window)
        return item


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
