"""A review goes through the clips once, writes each verdict at once, and takes back what was a slip."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.clips import detection, kept, near_miss
from support.limits import disk_full_at

from kws_live.clips.collection import Clip, load_clips, read_clip
from kws_live.clips.folder import stored_clips
from kws_live.clips.session import Session
from kws_live.errors import InputError, OutputError


def session(folder: Path, speaker: str = "owner") -> Session:
    """Begin a review of a folder."""
    return Session(folder, load_clips(folder)[0], speaker)


def verdicts(folder: Path) -> list[str | None]:
    """Return the verdicts as they are on the disk, oldest clip first."""
    return [clip.info.verdict for clip in load_clips(folder)[0]]


def current(review: Session) -> Clip:
    """Return the clip that is asked about."""
    assert review.current is not None
    return review.current


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four clips: three detections, and a near miss between them."""
    kept(tmp_path, detection(0), near_miss(1), detection(2), detection(3))
    return tmp_path


def test_clips_come_oldest_first_and_each_once(folder: Path) -> None:
    """Until there are none left."""
    review = session(folder)
    seen = []
    while review.current is not None:
        seen.append(current(review).info.seq)
        review.judge("true")
    assert seen == [0, 1, 2, 3]


def test_a_verdict_is_on_the_disk_before_the_next_clip(folder: Path) -> None:
    """Nothing is lost when the terminal is closed."""
    review = session(folder, "anna")
    review.judge("true")
    review.judge("false")
    review.judge("unclear")
    assert verdicts(folder) == ["true", "false", "unclear", None]
    assert [clip.info.speaker for clip in load_clips(folder)[0]] == ["anna"] * 3 + [None]


def test_a_review_goes_on_where_the_last_one_ended(folder: Path) -> None:
    """With the number that the clip has in the folder."""
    session(folder).judge("true")
    review = session(folder)
    assert (current(review).info.seq, review.number) == (1, 2)
    assert (review.count("true"), review.count(None)) == (1, 3)


def test_what_was_skipped_is_asked_for_another_time(folder: Path) -> None:
    """Not again in the same review."""
    review = session(folder)
    review.skip()
    for _ in range(3):
        review.judge("false")
    assert review.current is None
    assert current(session(folder)).info.seq == 0


def test_undo_returns_to_the_clip_before_without_its_verdict(folder: Path) -> None:
    """Step by step, skipped ones too, on the disk as well."""
    review = session(folder)
    review.judge("true")
    review.skip()
    review.judge("false")
    assert verdicts(folder) == ["true", None, "false", None]
    steps = []
    while review.undo():
        steps.append((current(review).info.seq, verdicts(folder)))
    assert steps == [
        (2, ["true", None, None, None]),
        (1, ["true", None, None, None]),
        (0, [None, None, None, None]),
    ]


def test_the_last_verdict_can_be_undone(folder: Path) -> None:
    """Though there is no clip any more."""
    review = session(folder)
    for _ in range(4):
        review.judge("true")
    assert review.current is None
    assert review.undo()
    assert current(review).info.seq == 3


def test_the_window_that_decided_is_in_what_is_read(folder: Path) -> None:
    """The whole clip is played and drawn."""
    review = session(folder)
    assert review.samples is not None
    assert len(review.samples) == 32_000


@pytest.mark.parametrize("content", [None, b"", b"fLaC broken", b"RIFF"])
def test_a_clip_with_bad_audio_is_named_and_passed_over(
    folder: Path, content: bytes | None
) -> None:
    """The others are asked for."""
    name = stored_clips(folder)[1].name
    clips, _ = load_clips(folder)
    path = folder / f"{name}.flac"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    review = Session(folder, clips, "owner")
    review.judge("true")
    assert current(review).info.seq == 2
    assert [fault.name for fault in review.faults] == [name]
    assert "can't be read" in review.faults[0].reason


def test_audio_that_is_not_that_of_its_sidecar_is_named(folder: Path) -> None:
    """A window outside of the clip can't be exported."""
    name, other = (clip.name for clip in stored_clips(folder)[:2])
    sidecar = folder / f"{name}.json"
    sidecar.write_text(
        sidecar.read_text().replace('"window_start_samples": 16000', '"window_start_samples": 99')
    )
    review = session(folder)
    assert review.faults[0].reason == "its audio is not that of its sidecar"
    assert current(review).name == other


@pytest.mark.parametrize(
    ("ending", "content", "reason"),
    [
        (".json", b"{", "no JSON"),
        (".json", b"\xff\xfe", "utf-8"),
        (".json", None, ".json is missing"),
        (".flac", None, ".flac is missing"),
    ],
)
def test_a_clip_that_is_not_whole_is_named(
    folder: Path, ending: str, content: bytes | None, reason: str
) -> None:
    """Before the review begins."""
    path = folder / f"{stored_clips(folder)[0].name}{ending}"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    clips, faults = load_clips(folder)
    assert len(clips) == 3
    assert [fault.name for fault in faults] == [path.stem]
    assert reason in faults[0].reason


def test_audio_that_claims_to_be_of_any_length_is_not_read(folder: Path) -> None:
    """A file of a few bytes may hold an hour of silence; a clip is never longer than a minute."""
    clip = load_clips(folder)[0][0]
    soundfile.write(folder / f"{clip.name}.flac", np.zeros(61 * 16_000, np.int16), 16_000)
    sidecar = folder / f"{clip.name}.json"
    sidecar.write_text(
        sidecar.read_text().replace('_start_samples": 16000', '_start_samples": 960000')
    )
    assert session(folder).faults[0].reason == "its audio is not that of its sidecar"


def test_a_sidecar_of_any_size_is_not_read(folder: Path) -> None:
    """One of ours takes less than a kilobyte."""
    clip = stored_clips(folder)[0]
    with (folder / f"{clip.name}.json").open("a") as file:
        file.write(" " * 100_000)
    _, faults = load_clips(folder)
    assert [fault.name for fault in faults] == [clip.name]


@pytest.mark.parametrize(
    "keyword",
    ["../../etc", "", "..", "a/b", r"a\u0000b", r"a\nb", r"a\u001b[2J", r"\ud800", "a" * 201],
)
def test_a_keyword_that_would_lead_elsewhere_is_refused(tmp_path: Path, keyword: str) -> None:
    """It is to be the name of a folder."""
    (clip,) = kept(tmp_path, detection(0))
    path = tmp_path / f"{clip.name}.json"
    path.write_text(path.read_text().replace('"keyword": "stop"', f'"keyword": "{keyword}"'))
    clips, faults = load_clips(tmp_path)
    assert clips == []
    assert "can't be the name of a folder" in faults[0].reason


def test_a_clip_deleted_meanwhile_does_not_come_back(folder: Path) -> None:
    """A running kws-live may delete old ones: the verdict makes no half clip."""
    review = session(folder)
    name = current(review).name
    for ending in (".flac", ".json"):
        (folder / f"{name}{ending}").unlink()
    review.judge("true")
    assert not (folder / f"{name}.json").exists()
    assert [fault.name for fault in review.faults] == [name]
    assert current(review).info.seq == 1


def test_a_verdict_that_cannot_be_written_is_an_error(folder: Path) -> None:
    """What was said before is kept, and the sidecar is whole."""
    review = session(folder)
    review.judge("true")
    with disk_full_at(64), pytest.raises(OutputError, match="verdict can't be written"):
        review.judge("true")
    assert verdicts(folder) == ["true", None, None, None]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It names the folder."""
    with pytest.raises(InputError, match=r"gone.*No such file"):
        load_clips(tmp_path / "gone")


def test_reading_gives_what_was_saved(folder: Path) -> None:
    """Sample for sample."""
    clip = load_clips(folder)[0][0]
    assert read_clip(folder, clip).dtype.name == "int16"
