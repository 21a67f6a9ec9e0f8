"""The process that looks for cameras by brightness alone, spoken with as that of features is.

`python -m core.search.direct.worker`, which `core.search.direct.process` alone starts.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from core.depthmaps.photos import on_canvas
from core.search.direct.process import THREADS
from core.search.direct.search import searched
from core.search.direct.standing import Standing
from core.search.features.found import FeatureModel, Features, Pairs
from core.search.features.matching import serve
from core.search.features.messages import Order, Teller


def _searched(pictures: Iterator[np.ndarray], order: Order, teller: Teller) -> None:
    """Tell of every better world, and in the end of the best once more."""
    torch.set_num_threads(1)
    photos = on_canvas([picture[..., None] for picture in pictures])
    sizes = torch.tensor([(width, height) for height, width in order.sizes])
    best: tuple[FeatureModel, ...] = ()
    with ThreadPoolExecutor(THREADS) as pool:
        for news in searched(photos, sizes, order.seed, pool.map):
            teller.progress(f"photos placed by depths, try {news.world}", news.placed, len(photos))
            if news.best is not None:
                best = (_model(news.best),)
                teller.found(_features(len(photos), best), last=False)
    teller.found(_features(len(photos), best), last=True)


def _model(standing: Standing) -> FeatureModel:
    """Cameras without points."""
    rows = sorted(standing.photos)
    cameras = standing.cameras[rows]
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = cameras.rotation.double(), cameras.centre.double()
    lenses = torch.cat([cameras.intrinsics / cameras.sizes.repeat(1, 2), cameras.k1[:, None]], 1)
    none = np.zeros((0, 2))
    return FeatureModel(
        photos=np.array(rows, np.int64),
        camera_to_world=poses,
        lenses=lenses.double().numpy(),
        points=np.zeros((0, 3)),
        seen=none.astype(np.int64),
        pixels=none.astype(np.float32),
        residuals=np.zeros(0, np.float32),
    )


def _features(count: int, models: tuple[FeatureModel, ...]) -> Features:
    return Features(count, Pairs.none(), models)


if __name__ == "__main__":
    serve(_searched)
