"""No library is older than the version that mends a weakness we know of (docs/reliability.md)."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import imageio_ffmpeg
import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
FFMPEG = Version("8.1.2")  # CVE-2026-8461, MagicYUV; 40962, encrypted MOV
MENDED = {
    "torch": ("2.12.1", "CVE-2025-3000, torch.jit; CVE-2026-24747, files read as weights only"),
    "pillow": ("12.3.0", "CVE-2026-59197 to 59200 and 55798, memory that decoders write"),
    "opencv-python-headless": ("4.8.1.78", "CVE-2023-4863, WebP"),
    "pillow-heif": ("1.7.0", "CVE-2026-84383, 28231 and what libheif writes before 1.23.3"),
    "gradio": ("6.15.0", "CVE-2026-48545, cookies; 28414 and 28416, files and addresses"),
    "starlette": ("1.3.1", "CVE-2026-48710, the name of the host; 48817, 48818, 54282, 54283"),
    "python-multipart": ("0.0.30", "CVE-2026-53539, 42561, 40347 and 24486, uploads"),
    "h11": ("0.16.0", "CVE-2025-43859, requests in pieces"),
    "urllib3": ("2.6.3", "CVE-2026-21441, what is unpacked after a redirect"),
    "jinja2": ("3.1.6", "CVE-2025-27516, templates"),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_is_installed_is_mended(name: str) -> None:
    least, what = MENDED[name]
    assert Version(version(name)) >= Version(least), what


def test_what_is_asked_for_is_mended() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    asked = MENDED.keys() & pins.keys()
    assert len(asked) == 6
    for name in asked:
        assert Version(pins[name]) >= Version(MENDED[name][0]), name


def test_the_ffmpeg_that_reads_videos_is_mended() -> None:
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-version"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.match(r"ffmpeg version n?([\d.]+)", said)
    assert found is not None and Version(found[1]) >= FFMPEG, said.splitlines()[0]
