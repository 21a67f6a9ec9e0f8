"""Pictures in: a folder of photos, or a video's sharpest frames, checked and brought to one canvas.

Knows files, pixels and what cameras write beside them; nothing of learning. Input is untrusted:
nothing is fetched, only regular files are opened, sizes are bounded before decoding, and each
refusal is one sentence with its remedy (`core.errors.InputError`, or a notice for a single photo).
"""

from core.photos.checks import Finding, check, sharpness
from core.photos.choice import Choice
from core.photos.folder import load_folder, load_photos
from core.photos.listing import is_video
from core.photos.local import local_path
from core.photos.photoset import PhotoSet
from core.photos.picture import Background
from core.photos.video import extract_frames

__all__ = [
    "Background",
    "Choice",
    "Finding",
    "PhotoSet",
    "check",
    "extract_frames",
    "is_video",
    "load_folder",
    "load_photos",
    "local_path",
    "sharpness",
]
