"""The mel scale: frequencies as far apart as they sound."""

import numpy as np
import numpy.typing as npt


def mel_edges_hz(lowest_hz: float, highest_hz: float, bands: int) -> npt.NDArray[np.float64]:
    """Return the edges of overlapping bands that are evenly wide on the mel scale.

    Band i reaches from edge i to edge i + 2, and has its centre at edge i + 1.

    Returns:
        float64 [bands + 2], in Hz; the first is `lowest_hz`, the last `highest_hz`.
    """
    lowest, highest = 2595.0 * np.log10(1 + np.array([lowest_hz, highest_hz]) / 700.0)
    mels = np.linspace(lowest, highest, bands + 2)
    edges_hz: npt.NDArray[np.float64] = 700.0 * (10 ** (mels / 2595.0) - 1)
    return edges_hz
