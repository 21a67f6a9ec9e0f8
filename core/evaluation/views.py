"""How well a scene shows photos that it has not learned from."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from core.evaluation.metrics import distance, psnr, ssim
from core.evaluation.poses import AfterChunk, Search, find_camera
from core.evaluation.starts import starting_cameras
from core.geometry.cameras import Camera
from core.perceptual.sources import PictureLoss
from core.rendering.progressive import picture_of
from core.rendering.scene import Scene

USUAL = Search()


@dataclass(frozen=True, eq=False)
class ViewScore:
    """One photo that was kept aside, against the scene seen from the camera found for it."""

    camera: Camera
    psnr: float  # dB, over all pixels of the photo at the size the run has learned at
    ssim: float
    lpips: float | None = None  # where its weights are at hand


def score_views(
    scene: Scene,
    learned: Mapping[int, Camera],
    photos: Mapping[int, np.ndarray],
    *,
    search: Search = USUAL,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    after_chunk: AfterChunk = lambda seconds: None,
    lpips: PictureLoss | None = None,
) -> list[ViewScore]:
    """Find the cameras of photos that were kept aside, and score what is seen from these.

    The photos serve for nothing else: neither the scene nor a learned camera is changed, and what
    is found for one photo does not depend on the others.

    Args:
        scene: what was learned.
        learned: the cameras that were learned, by index in the order of the photos.
        photos: (H, W, 3) uint8 those kept aside, by index in the same order.
        search: how their cameras are looked for.
        seed: of the pixels that the search draws.
        workers: how many photos are taken side by side, each on one thread.
        progress: told how many photos are done, of how many.
        after_chunk: told how many seconds each chunk of work took. It may wait a little, or raise
            to stop; with several workers it is called from all their threads.
        lpips: on the CPU; None leaves it out.

    Returns:
        One score for each photo, in their order.

    Raises:
        InputError: the photos are too small for SSIM, or the scene is not finite numbers.
    """

    def score(index: int) -> ViewScore:
        generator = torch.Generator().manual_seed(seed)
        photo = photos[index].astype(np.float32) / 255
        starts = starting_cameras(learned, index)
        camera = find_camera(scene, photo, starts, search, generator, after_chunk)
        picture = picture_of(scene, camera, after_chunk).rgb
        looks = None if lpips is None else distance(lpips, picture, photo)
        return ViewScore(camera, psnr(picture, photo), ssim(picture, photo), looks)

    scores: list[ViewScore] = []
    progress(0, len(photos))
    with ThreadPoolExecutor(workers, thread_name_prefix="score") as pool:
        for done in pool.map(score, photos):
            scores.append(done)
            progress(len(scores), len(photos))
    return scores
