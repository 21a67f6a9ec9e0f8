"""A video becomes a folder of sharp, evenly spread, truly numbered frames; or it is refused."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from core.errors import InputError
from core.photos import extract_frames, is_video, load_folder
from core.photos import ffmpeg as reader

FRAMES, WIDTH, HEIGHT = 120, 160, 96
CODECS = {
    "mp4": ["-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "-movflags", "+faststart"],
    "mov": ["-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "-movflags", "+frag_keyframe"],
    "webm": ["-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime"],
    "mkv": ["-c:v", "ffv1"],
    "avi": ["-c:v", "mpeg4", "-q:v", "2"],
    "MTS": ["-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "-f", "mpegts"],
}


def painted(number: int) -> np.ndarray:
    """Frame with its number as the grey of the left half, blurred unless a multiple of 3."""
    noise = np.random.default_rng(number % 3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    frame = noise if number % 3 == 0 else cv2.GaussianBlur(noise, (0, 0), 2)
    frame[:, : WIDTH // 2] = 2 * number
    return frame


def encode(path: Path, options: list[str]) -> Path:
    source = f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r 30 -i pipe:0".split()
    command = [get_ffmpeg_exe(), "-loglevel", "error", *source, "-g", "15", *options, str(path)]
    frames = b"".join(painted(number).tobytes() for number in range(FRAMES))
    subprocess.run(command, input=frames, check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four seconds of 30 frames each, in every container."""
    folder = tmp_path_factory.mktemp("clips")
    return {suffix: encode(folder / f"clip.{suffix}", how) for suffix, how in CODECS.items()}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "run" / "frames"


def numbers(frames: tuple[Path, ...]) -> np.ndarray:
    return np.array([int(frame.stem.removeprefix("frame_")) for frame in frames])


def read_number(frame: Path) -> float:
    return float(np.asarray(Image.open(frame))[8:-8, 8 : WIDTH // 2 - 8].mean() / 2)


def refusal(video: Path, into: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        extract_frames(video, into, **({"count": 5, "rate": 0.0} | options))
    assert not into.exists()
    return str(caught.value)


@pytest.mark.parametrize("suffix", CODECS)
def test_frames_are_counted_numbered_spread_and_sharp(clips, into, suffix: str) -> None:
    frames = extract_frames(clips[suffix], into, count=10, rate=0)
    taken = numbers(frames)
    assert len(frames) == 10
    assert (taken % 3 == 0).all(), "a blurred frame was kept"
    assert (taken // 12 == np.arange(10)).all(), "not one frame for each tenth"
    assert (np.diff(taken) >= 3).all()
    assert [read_number(frame) for frame in frames] == pytest.approx(taken, abs=2)
    assert load_folder(into, 0, "white").names == tuple(frame.name for frame in frames)


@pytest.mark.parametrize("suffix", CODECS)
def test_rate_and_stretch(clips, into, suffix: str) -> None:
    frames = extract_frames(clips[suffix], into, count=0, rate=5, start=1.5, end=2.5)
    assert len(frames) == 5
    assert ((numbers(frames) - 45) // 6 == np.arange(5)).all()
    assert [read_number(frame) for frame in frames] == pytest.approx(numbers(frames), abs=2)


def test_every_frame_can_be_taken(clips, into) -> None:
    frames = extract_frames(clips["mp4"], into, count=FRAMES, rate=0)
    assert numbers(frames).tolist() == list(range(FRAMES))


def test_frames_outlive_their_video(clips, tmp_path, into) -> None:
    """A run that was copied to another computer has the frames alone."""
    clip = Path(shutil.copy(clips["mp4"], tmp_path / "clip.mp4"))
    frames = extract_frames(clip, into, count=4, rate=0)
    clip.unlink()
    assert extract_frames(clip, into, count=4, rate=0) == frames
    for other in (
        {"count": 5, "rate": 0},
        {"count": 4, "rate": 2},
        {"count": 4, "rate": 0, "start": 1},
    ):
        with pytest.raises(InputError, match="does not exist"):
            extract_frames(clip, into, **other)
    with pytest.raises(InputError, match="does not exist"):
        extract_frames(tmp_path / "other.mp4", into, count=4, rate=0)


def test_time_may_start_late(clips, tmp_path, into) -> None:
    """As of a recording that was cut out of a longer one."""
    for suffix in ("mkv", "mp4"):
        late = tmp_path / f"late.{suffix}"
        command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", clips[suffix], "-c", "copy"]
        subprocess.run([*command, "-output_ts_offset", "3600", late], check=True, timeout=60)
        frames = extract_frames(late, into / suffix, count=4, rate=0, start=1)
        assert [read_number(frame) for frame in frames] == pytest.approx(numbers(frames), abs=2)


def test_sound_may_be_there_before_the_picture(clips, tmp_path, into) -> None:
    late = tmp_path / "late.mp4"
    sound = ["-f", "lavfi", "-i", "sine=d=9", "-itsoffset", "4"]
    command = [get_ffmpeg_exe(), "-loglevel", "error", *sound, "-i", clips["mp4"]]
    subprocess.run([*command, "-map", "0", "-map", "1", "-c:v", "copy", late], check=True)
    frames = extract_frames(late, into, count=4, rate=0, start=1)
    assert [read_number(frame) for frame in frames] == pytest.approx(numbers(frames), abs=2)


def test_of_two_videos_in_a_file_the_larger_is_taken(clips, tmp_path, into) -> None:
    both = tmp_path / "both.mp4"
    small = "[0:v]split[a][b];[a]scale=80:48[small]"
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", clips["mp4"], "-filter_complex", small]
    subprocess.run([*command, "-map", "[small]", "-map", "[b]", both], check=True, timeout=60)
    frames = extract_frames(both, into, count=3, rate=0)
    assert Image.open(frames[0]).size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("kind", ["3gp", "gif"])
def test_short_clips_of_phones_and_chats_are_videos(clips, tmp_path, into, kind: str) -> None:
    clip = tmp_path / f"clip.{kind.upper()}"
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", clips["mp4"]]
    how = ["-c", "copy", "-f", "3gp"] if kind == "3gp" else ["-r", "10", "-f", "gif"]
    subprocess.run([*command, *how, clip], check=True, timeout=60)
    assert is_video(clip)
    assert len(extract_frames(clip, into, count=5, rate=0)) == 5


@pytest.mark.parametrize(("frames", "kind"), [(2, "gif"), (3, "mp4"), (1, "gif"), (1, "mp4")])
def test_few_frames_are_a_video_and_one_is_none(tmp_path, into, frames: int, kind: str) -> None:
    clip = tmp_path / f"slow.{kind}"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=1/5:d=60", "-frames:v", str(frames)]
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", *source, clip], check=True, timeout=60)
    if frames > 1:
        assert len(extract_frames(clip, into, count=frames, rate=0)) == frames
    else:
        assert "holds a single frame" in refusal(clip, into)


def test_turned_video_comes_out_upright(clips, tmp_path, into) -> None:
    turned = tmp_path / "turned.mp4"
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-display_rotation", "90", "-i"]
    subprocess.run([*command, clips["mp4"], "-c", "copy", turned], check=True, timeout=60)
    frames = extract_frames(turned, into, count=3, rate=0)
    assert Image.open(frames[0]).size == (HEIGHT, WIDTH)


def test_trimmed_video_keeps_true_numbers(clips, tmp_path, into) -> None:
    """Phones trim by an edit list: frames before the start are in the file and not shown."""
    trimmed = tmp_path / "trimmed.mp4"
    command = [get_ffmpeg_exe(), "-loglevel", "error", "-ss", "0.7", "-i", clips["mp4"]]
    subprocess.run([*command, "-c", "copy", trimmed], check=True, timeout=60)
    frames = extract_frames(trimmed, into, count=10, rate=0)
    shift = [read_number(frame) for frame in frames] - numbers(frames)
    assert shift == pytest.approx(np.full(10, 21), abs=2)


def test_finished_frames_are_reused_and_other_wishes_are_not(clips, into, monkeypatch) -> None:
    first = extract_frames(clips["mp4"], into, count=4, rate=0)
    with monkeypatch.context() as patch:
        patch.setattr(reader.subprocess, "Popen", lambda *_, **__: pytest.fail("decoded again"))
        assert extract_frames(clips["mp4"], into, count=4, rate=0) == first
    assert len(extract_frames(clips["mp4"], into, count=6, rate=0)) == 6
    (into / ".DS_Store").touch()
    (into / "frame_00001.jpg").touch()
    assert len(extract_frames(clips["mp4"], into, count=6, rate=0)) == 6, "a stray frame was kept"


def test_interrupted_extraction_leaves_nothing(clips, into) -> None:
    def stop(done: int, total: int) -> None:
        assert (done, total) == (1, 4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_frames(clips["mp4"], into, count=4, rate=0, progress=stop)
    assert list(into.parent.iterdir()) == []


def test_leavings_of_a_killed_process_are_swept(clips, into) -> None:
    leavings = into.with_name(f".{into.name}.unfinished")
    leavings.mkdir(parents=True)
    (leavings / "frame_99999.jpg").touch()
    assert len(extract_frames(clips["mp4"], into, count=4, rate=0)) == 4
    assert list(into.parent.iterdir()) == [into]


def test_a_folder_of_other_things_is_never_replaced(clips, into) -> None:
    into.mkdir(parents=True)
    (into / "holiday.jpg").touch()
    with pytest.raises(InputError, match="choose another folder"):
        extract_frames(clips["mp4"], into, count=4, rate=0)
    assert (into / "holiday.jpg").exists()


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"count": 121}, "2 to 120"),
        ({"count": 1}, "2 to 120"),
        ({"rate": 0.1}, "0 frames"),
        ({"rate": 60.0}, "240 frames"),
        ({"rate": -1.0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"start": 5.0}, "4.0 s"),
        ({"start": 2.0, "end": 1.0}, "end"),
        ({"start": -1.0}, "start"),
        ({"end": float("inf")}, "end"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(clips, into, options: dict, culprit: str) -> None:
    assert culprit in refusal(clips["mp4"], into, **options)


@pytest.mark.parametrize("suffix", sorted(CODECS.keys() - {"MTS"}))  # a stream is shorter, not cut
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6])
def test_a_truncated_video_is_refused(clips, tmp_path, into, suffix: str, share: float) -> None:
    whole = clips[suffix].read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole[: int(len(whole) * share)])
    assert f'"cut.{suffix}"' in refusal(cut, into)


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_damaged_bytes_are_read_or_refused_and_nothing_else(clips, tmp_path, suffix) -> None:
    rng = np.random.default_rng(0)
    for case in range(8):
        damaged = np.frombuffer(clips[suffix].read_bytes(), np.uint8).copy()
        reach = (300, 3000, len(damaged))[case % 3]
        damaged[rng.integers(0, reach, 10)] = rng.integers(0, 256, 10, dtype=np.uint8)
        video, into = tmp_path / f"{case}.{suffix}", tmp_path / f"frames_{case}"
        video.write_bytes(damaged.tobytes())
        try:
            assert len(extract_frames(video, into, count=3, rate=0)) == 3
        except InputError as error:
            assert f'"{video.name}"' in str(error)
            assert not into.exists()


def test_sound_alone_is_told_from_damage(tmp_path, into) -> None:
    make = [*["-loglevel", "error", "-f", "lavfi", "-i", "sine=d=0.2"], str(tmp_path / "song.mp4")]
    subprocess.run([get_ffmpeg_exe(), *make], check=True)
    assert '"song.mp4" holds sound and no moving picture' in refusal(tmp_path / "song.mp4", into)


def test_what_is_no_video_is_refused(tmp_path, into) -> None:
    (tmp_path / "empty.mp4").touch()
    assert '"empty.mp4" is empty' in refusal(tmp_path / "empty.mp4", into)
    (tmp_path / "text.mp4").write_text("no video")
    assert '"text.mp4" cannot be read' in refusal(tmp_path / "text.mp4", into)
    (tmp_path / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(100_000))
    assert '"noise.mkv" cannot be read' in refusal(tmp_path / "noise.mkv", into)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert '"pipe.mp4" is not a video file' in refusal(tmp_path / "pipe.mp4", into)
    assert "is not a video file" in refusal(tmp_path, into)
    assert "does not exist" in refusal(tmp_path / "gone.mp4", into)


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
    "hls_file": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{file}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{url}/a.mp4'\n",
    "concat_file": "ffconcat version 1.0\nfile '{file}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT5S"><BaseURL>{url}/</BaseURL><Period><AdaptationSet '
    'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>a.mp4</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_playlists_reach_no_network_and_no_file(clips, tmp_path, into, kind, suffix) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        text = PLAYLISTS[kind].format(url=f"http://127.0.0.1:{port}", file=clips["mp4"], port=port)
        (tmp_path / f"list.{suffix}").write_text(text)
        assert f'"list.{suffix}" cannot be read' in refusal(tmp_path / f"list.{suffix}", into)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    "name", ["-dash.mp4", "a:b.mp4", "été 日本;x.mp4", "per%03dcent.mp4", "n\nl.mp4"]
)
def test_odd_names(clips, tmp_path, into, monkeypatch, name: str) -> None:
    (tmp_path / name).write_bytes(clips["mp4"].read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(extract_frames(Path(name), into, count=3, rate=0)) == 3


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch) -> None:
    """An ffmpeg that never ends."""
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport signal\nsignal.pause()\n")
    program.chmod(0o755)
    monkeypatch.setattr(reader, "get_ffmpeg_exe", lambda: str(program))


def test_a_scan_without_end_is_killed(clips, into, stuck, monkeypatch) -> None:
    monkeypatch.setattr(reader, "SCAN_SECONDS", 0.3)
    assert "took over two minutes" in refusal(clips["mp4"], into)


def test_decoding_without_end_is_killed(clips, monkeypatch, request) -> None:
    timeline = reader.read_timeline(clips["mp4"])
    request.getfixturevalue("stuck")
    started = time.monotonic()
    assert list(reader.decode_frames(clips["mp4"], timeline, [3, 6], limit=0.3)) == []
    assert time.monotonic() - started < 20


def test_undecodable_frames_are_refused(clips, into, monkeypatch) -> None:
    monkeypatch.setattr("core.photos.video.decode_frames", lambda *_: (item for item in ()))
    assert "gave only 0 of 5 frames" in refusal(clips["mp4"], into)


def test_video_suffixes() -> None:
    assert all(is_video(f"x.{suffix}") for suffix in ("mp4", "MOV", "m4v", "avi", "mkv", "webm"))
    assert not any(is_video(name) for name in ("x.mp3", "mp4", "x.mp4.txt", "x.png"))
