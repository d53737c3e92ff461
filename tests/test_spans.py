"""Many hops at a time: the same posteriors as one by one, whatever comes between them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_model import make_tiny_model, sounds

from kws_live.model import Classifier, load_model_folder
from kws_live.pool import Idle, Pool, running
from kws_live.spans import Done, Inferred, inferred, span_hops
from kws_live.stages.ring import Ring
from kws_live.types import Float32Array
from kws_live.work_queue import Pause, Reset, Work

SECONDS = 20
LARGEST_FLOAT_ERROR = 1e-5


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A small model that streams."""
    folder = make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    return Classifier(load_model_folder(Path(folder)))


@pytest.fixture(scope="module")
def ring() -> Ring:
    """Twenty seconds of tones."""
    ring = Ring(60 * 16_000)
    for second in sounds(SECONDS):
        ring.write(second)
    return ring


@pytest.fixture(scope="module")
def expected(classifier: Classifier, ring: Ring) -> dict[int, Float32Array]:
    """Posteriors [labels] of each hop, one by one."""
    hop, window = classifier.hop_samples, classifier.window_samples
    ends = range(hop, ring.end_sample + 1, hop)
    windows = {end: ring.read(end - window, end) for end in ends}
    return {end: classifier.posteriors(one) for end, one in windows.items() if one is not None}


def hops_and_markers(done: Iterable[Done]) -> tuple[dict[int, Float32Array], list[object]]:
    """Return the posteriors by hop, and everything in its order, hops as their samples."""
    found: dict[int, Float32Array] = {}
    order: list[object] = []
    for thing in done:
        if isinstance(thing, Inferred):
            found |= {posterior.end_sample: posterior.values for posterior in thing.each()}
            order += thing.hops
        else:
            order += thing if isinstance(thing, range) else [thing]
    return found, order


Piece = tuple[int, int, Work | None]
PIECES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(1, 90),
        st.sampled_from([None, Pause(0), Reset(), Idle()]),
    ),
    max_size=6,
)


@pytest.mark.parametrize("workers", [None, 2])
@settings(deadline=None, max_examples=40)
@given(pieces=PIECES)
def test_whatever_work_there_is_all_is_done_in_order(
    classifier: Classifier,
    ring: Ring,
    expected: dict[int, Float32Array],
    workers: int | None,
    pieces: list[Piece],
) -> None:
    """After hops left out, in ranges of any length, with markers between: on a pool and without one."""
    hop = classifier.hop_samples
    work: list[Work] = []
    at = hop
    for left_out, count, marker in pieces:
        start = at + left_out * hop
        at = min(start + count * hop, ring.end_sample + hop)
        work.append(range(start, at, hop))
        if marker is not None:
            work.append(marker)

    def run(pool: Pool | None) -> tuple[dict[int, Float32Array], list[object]]:
        return hops_and_markers(inferred(work, ring, classifier, pool))

    if workers is None:
        found, order = run(None)
    else:
        with running(workers) as pool:
            found, order = run(pool)
    wanted: list[object] = []
    for one in work:
        wanted += one if isinstance(one, range) else [one]
    assert order == wanted
    assert all(
        np.abs(values - expected[end]).max() <= LARGEST_FLOAT_ERROR for end, values in found.items()
    )


def test_hops_that_follow_each_other_are_inferred_together(
    classifier: Classifier, ring: Ring
) -> None:
    """Up to a bound, however they came."""
    hop = classifier.hop_samples
    work = [range(n * hop, n * hop + 1, hop) for n in range(1, 101)]
    sizes = [
        len(thing.hops)
        for thing in inferred(work, ring, classifier, None)
        if isinstance(thing, Inferred)
    ]
    assert sizes == [span_hops(classifier), 100 - span_hops(classifier)]


@pytest.mark.parametrize(("count", "streamed"), [(1, True), (4, True), (5, False)])
def test_few_hops_of_a_slow_source_are_left_to_be_streamed(
    classifier: Classifier, ring: Ring, count: int, streamed: bool
) -> None:
    """As those of a microphone: a span would compute the second before them again."""
    hop = classifier.hop_samples
    hops = range(hop, count * hop + 1, hop)
    first, last = inferred([hops, Idle()], ring, classifier, None)
    assert isinstance(first, range if streamed else Inferred)
    assert isinstance(last, Idle)
