"""Pictures and videos in other colours than sRGB, made by the formulas of their standards."""

import struct
import subprocess
from pathlib import Path

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

WHITE = 203.0  # cd/m2
TO_2020 = np.array(  # linear sRGB to BT.2020 (ITU-R BT.2087)
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
TO_P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
TRANSFERS = {"hlg": "arib-std-b67", "pq": "smpte2084"}


def linear(coded: np.ndarray) -> np.ndarray:
    """Light of 8-bit sRGB."""
    c = coded / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def in_p3(coded: np.ndarray) -> np.ndarray:
    """8-bit sRGB as `p3_profile` has it."""
    return np.rint(255 * (linear(coded) @ TO_P3.T).clip(0, 1) ** (1 / 2.2)).astype(np.uint8)


def in_hlg(coded: np.ndarray) -> np.ndarray:
    """As phones record: signals in [0, 1] of a display of 1000 cd/m2 (ITU-R BT.2100)."""
    shown = linear(coded) @ TO_2020.T * WHITE / 1000
    light = (shown @ [0.2627, 0.6780, 0.0593])[..., None]
    scene = shown * np.maximum(light, 1e-9) ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene.clip(0)), bright)


def in_pq(coded: np.ndarray) -> np.ndarray:
    """Signals in [0, 1] by absolute light (SMPTE ST 2084)."""
    light = (linear(coded) @ TO_2020.T * WHITE / 10000).clip(0) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375


def hdr_video(path: Path, frame: np.ndarray, kind: str, frames: int = 4) -> Path:
    """The same 8-bit sRGB picture again and again, as 10-bit HEVC."""
    height, width = frame.shape[:2]
    signal = {"hlg": in_hlg, "pq": in_pq}[kind](frame).clip(0, 1)
    transfer = TRANSFERS[kind]
    tags = f"color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    command = [
        *(get_ffmpeg_exe(), "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb48le"),
        *("-s", f"{width}x{height}", "-r", "20", "-i", "pipe:0", "-vf"),
        f"scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,setparams={tags}",
        *("-c:v", "libx265", "-x265-params", "log-level=error", "-crf", "6", "-tag:v", "hvc1"),
        str(path),
    ]
    one = np.rint(signal * 65535).astype("<u2").tobytes()
    subprocess.run(command, input=one * frames, check=True, timeout=60)
    return path


def p3_profile() -> bytes:
    """An ICC profile of Display P3's primaries (D50 adapted) with a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    name = b"Display P3\0"
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * 78,
        b"cprt": b"text\0\0\0\0none",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011),
        b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma),
    }
    body, table, begin = b"", b"", 128 + 4 + 12 * len(tags)
    for key, content in tags.items():
        padded = content + b"\0" * (-len(content) % 4)
        table += key + struct.pack(">II", begin + len(body), len(content))
        body += padded
    head = struct.pack(">I4sI", begin + len(body), b"test", 0x02100000) + b"mntrRGB XYZ "
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += xyz(0.9642, 1, 0.8249)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
