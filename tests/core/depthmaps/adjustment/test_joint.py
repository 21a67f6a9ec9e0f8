"""Joint steps: right derivatives, right equations, cameras that come back and those that stay."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from core.depthmaps.adjustment.equations import OUTLIER, Compared, equations_of
from core.depthmaps.adjustment.joint import Joint
from core.depthmaps.adjustment.patches import Patches, chosen_pixels, find, tangents, with_slopes
from core.depthmaps.adjustment.unknowns import OF_CAMERA, Unknowns, doubled, stepped
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import luma
from core.depthmaps.stereo.depths import DepthMaps
from core.geometry.alignment import best_rotation, rotation_angles, umeyama
from tests.core.depthmaps.exact import exact
from tests.core.depthmaps.rendered import shoot, turned

COUNT = 5


@pytest.fixture(scope="module")
def maps() -> DepthMaps:
    return exact(shoot(COUNT, 30, ((126, 94), (94, 126)), k1=-0.05))


def believed(maps: DepthMaps, cameras: Cameras) -> DepthMaps:
    return replace(maps, cameras=cameras)


def costs_of(
    task: Compared, inverse: Tensor, cameras: Cameras, grey: Tensor, scale: float
) -> Tensor:
    """(P,) Huber's cost of each patch, at most that of an outlier or of what is not seen."""
    u = tangents(task.patches, cameras)
    found = find(task.patches, u, inverse, cameras, task.partners, grey)
    size = found.residual.square().mean(-1).sqrt()
    worst = scale**2 * (OUTLIER - 0.5)
    huber = torch.nn.functional.huber_loss(size, 0 * size, reduction="none", delta=scale)
    return (torch.where(found.inside, huber.clamp_max(worst), worst) * task.shown).sum(0)


def lenses(which: bool) -> Tensor | None:
    return torch.zeros(COUNT, dtype=torch.int64) if which else None


def free(focal: bool = True, distortion: bool = False) -> Unknowns:
    return Unknowns.of(torch.ones(COUNT, dtype=torch.bool), lenses(focal), lenses(distortion))


def walked(joint: Joint, most: int = 12) -> Cameras:
    for _ in range(most):
        if not joint.step():
            break
    return joint.guess.cameras


def drift(found: Cameras, true: Cameras) -> tuple[float, float]:
    """Degrees under the best rotation, and the positions' error over their spread."""
    turns, truth = found.rotation.double().numpy(), true.rotation.double().numpy()
    here, there = found.centre.double().numpy(), true.centre.double().numpy()
    moved = umeyama(here, there).points(here)
    spread = np.sqrt(((there - there.mean(0)) ** 2).sum(1).mean())
    angle = rotation_angles(best_rotation(turns, truth) @ turns, truth).mean()
    return float(angle), float(np.sqrt(((moved - there) ** 2).sum(1).mean()) / spread)


def test_slopes_are_those_of_automatic_differentiation() -> None:
    sides = torch.arange(48.0).double(), torch.arange(64.0).double()
    row, column = torch.meshgrid(*sides, indexing="ij")
    bowl = 0.3 + 0.004 * column + 0.003 * row + 8e-5 * column * row
    grey = with_slopes(bowl)  # bilinear: what is between pixels has exactly these slopes
    both = grey.expand(2, -1, -1, -1)
    ones = turned(shoot(2, 12, ((64, 48),), k1=-0.1).cameras, 0.5)
    cameras = replace(doubled(ones), k1=torch.tensor([-0.1, 0.08]).double())
    middles = torch.tensor([[30, 20], [25, 30], [40, 24], [34, 17]])
    patches = Patches.of(0, bowl, 0.2 + 0.001 * column, middles)

    def found(step: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        inverse = patches.inverse * change.exp()
        there = stepped(cameras, step)
        got = find(patches, tangents(patches, there), inverse, there, [1], both)
        return got.residual[0], got.pixels[0, :, 0]

    start = torch.zeros(2, OF_CAMERA).double(), torch.zeros(4).double()
    of_residual, of_middle = torch.autograd.functional.jacobian(found, start)
    u = tangents(patches, cameras)
    got = find(patches, u, patches.inverse, cameras, [1], both, slopes=True)
    assert got.inside.all() and got.along is not None and got.moves is not None
    wanted = of_middle[0].reshape(4, 2, 2 * OF_CAMERA).permute(2, 0, 1)
    assert torch.allclose(got.moves[0, :-1], wanted, atol=1e-9)
    assert torch.allclose(got.moves[0, -1], of_middle[1].diagonal(dim1=0, dim2=2).T, atol=1e-9)
    assert wanted.abs().amax((1, 2)).min() > 1e-3  # each number matters
    aside = of_residual[0][:, :, 1, -2:]  # a principal point's change moves all nine pixels alike
    assert torch.allclose(got.along[0] * cameras.intrinsics[1, :2], aside, atol=1e-9)


def one_photo(maps: DepthMaps) -> tuple[Compared, Cameras, Tensor]:
    grey = luma(maps.photos)
    slopes, cameras = with_slopes(grey), doubled(maps.cameras)
    pixels = chosen_pixels(maps, slopes[0], 0, 40, 0)
    patches = Patches.of(0, grey[0], maps.inverse[0], pixels)
    task = Compared.of(patches, maps.sources[0].tolist(), cameras, slopes, maps.inverse)
    return task, cameras, slopes


def test_eliminating_depths_changes_no_step(maps: DepthMaps) -> None:
    task, cameras, grey = one_photo(maps)
    inverse = task.patches.inverse * 1.01
    e = equations_of(task, inverse, cameras, grey, 1.0, 0.3)
    full = torch.zeros(len(e.vector) + len(inverse), len(e.vector) + len(inverse)).double()
    cross = e.cross.double()
    whole = e.matrix.double() + cross.T @ (cross / e.own.double()[:, None])
    gradient = e.vector.double() + (cross / e.own.double()[:, None]).T @ e.pull.double()
    local = len(e.vector)
    full[:local, :local] = whole + torch.eye(local)
    full[:local, local:], full[local:, :local] = cross.T, cross
    full[local:, local:] = e.own.double().diag()
    wanted = -torch.linalg.solve(full, torch.cat([gradient, e.pull.double()]))
    cams = -torch.linalg.solve(e.matrix.double() + torch.eye(local), e.vector.double())
    assert torch.allclose(cams, wanted[:local], atol=1e-5)
    assert torch.allclose(e.depth_step(cams.float()).double(), wanted[local:], atol=1e-4)


def test_equations_hold_the_gradient_of_the_cost(maps: DepthMaps) -> None:
    task, cameras, grey = one_photo(maps)
    inverse = task.patches.inverse * 1.02
    e = equations_of(task, inverse, cameras, grey, 1.0, 0.3)
    assert e.cost == pytest.approx(float(costs_of(task, inverse, cameras, grey, 0.3).sum()))
    gradient = e.pull.sum()
    costs = [
        float(costs_of(task, inverse * (1 + s), cameras, grey, 0.3).sum()) for s in (1e-3, -1e-3)
    ]
    assert (costs[0] - costs[1]) / 2e-3 == pytest.approx(float(gradient), rel=0.15)


def test_pixels_are_textured_confirmed_and_away_from_edges(maps: DepthMaps) -> None:
    grey = with_slopes(luma(maps.photos))
    for photo in (0, 1):
        column, row = chosen_pixels(maps, grey[photo], photo, 300, 5).T
        width, height = maps.cameras.sizes[photo].tolist()
        assert 100 < len(column) <= 300
        assert len(set((row * width + column).tolist())) == len(column)
        assert column.min() >= 4 and column.max() < width - 4 and row.max() < height - 4
        assert (maps.support[photo, row, column] >= 1).all()


@pytest.mark.parametrize("distortion", [False, True])
def test_cameras_that_are_a_little_off_come_back(maps: DepthMaps, distortion: bool) -> None:
    off = turned(maps.cameras, 0.4)
    numbers = off.intrinsics * torch.tensor([1.03, 1.03, 1.0, 1.0])
    start = replace(off, intrinsics=numbers)
    if distortion:
        start = replace(start, k1=torch.zeros(COUNT))
    joint = Joint(believed(maps, start), free(True, distortion), patches=160)
    found = walked(joint, 8)
    before, after = drift(start, maps.cameras), drift(found, maps.cameras)
    assert after[0] < before[0] / 2 and after[1] < before[1] / 1.8
    assert (found.intrinsics[0, 0] / maps.cameras.intrinsics[0, 0] - 1).abs() < 0.016
    assert (found.k1 + 0.05).abs().max() < 0.035


def test_a_principal_point_beside_the_centre_is_found() -> None:
    shot, cut = shoot(COUNT, 30, ((126, 94),)), 8  # columns at the left, which a crop took away
    numbers = shot.cameras.intrinsics - torch.tensor([0.0, 0.0, cut, 0.0])
    sizes = shot.cameras.sizes - torch.tensor([cut, 0])
    cameras = replace(shot.cameras, intrinsics=numbers, sizes=sizes)
    parts = {"photos": shot.photos[..., cut:], "inverse": shot.inverse[..., cut:]}
    cropped = exact(replace(shot, cameras=cameras, **parts))
    centred = replace(cameras, intrinsics=numbers + torch.tensor([0.0, 0.0, cut / 2, 0.0]))
    one = torch.zeros(COUNT, dtype=torch.int64)
    unknowns = Unknowns.of(torch.ones(COUNT, dtype=torch.bool), middle=one)
    found = walked(Joint(believed(cropped, centred), unknowns, patches=160), 8)
    cx, cy = (found.intrinsics[0, 2:] - numbers[0, 2:]).tolist()
    assert abs(cx) < 0.5 * cut / 2 and abs(cy) < 1.0
    held = Unknowns.of(torch.ones(COUNT, dtype=torch.bool))
    without = walked(Joint(believed(cropped, centred), held, patches=160), 8)
    assert drift(found, cameras)[1] < drift(without, cameras)[1]


def test_cameras_that_are_right_stay(maps: DepthMaps) -> None:
    found = walked(Joint(maps, free(True, True), patches=120), 5)
    angle, position = drift(found, maps.cameras)
    assert angle < 0.2 and position < 0.01


def test_what_is_held_stays_and_what_is_shared_is_one(maps: DepthMaps) -> None:
    moving = torch.tensor([False, False, True, True, True])
    own = torch.tensor([-1, 0, 1, 1, 2])
    unknowns = Unknowns.of(moving, own, None)
    assert unknowns.count == 3 * 6 + 3
    start = turned(maps.cameras, 0.3)
    found = walked(Joint(believed(maps, start), unknowns, patches=80), 3)
    change = found.intrinsics[:, 0] / start.intrinsics[:, 0]
    assert torch.equal(found.rotation[:2], start.rotation[:2].double())
    assert torch.equal(found.centre[:2], start.centre[:2].double())
    assert (found.centre[2:] != start.centre[2:]).any(-1).all()
    assert change[0] == 1 and change[2].item() == pytest.approx(change[3].item(), abs=1e-12)
    assert len({round(c, 9) for c in change.tolist()}) == 4
    assert torch.equal(found.k1, start.k1.double())


def test_rounds_may_leave_out_principal_points_and_whole_lenses() -> None:
    one = torch.zeros(COUNT, dtype=torch.int64)
    moving = torch.tensor([False, True, True, True, True])
    everything = Unknowns.of(moving, one, one, one)
    for fewer, same in (
        (everything.centred, Unknowns.of(moving, one, one)),
        (everything.poses, Unknowns.of(moving)),
        (Unknowns.of(moving, one, None, one).centred, Unknowns.of(moving, one)),
    ):
        assert torch.equal(fewer.index, same.index) and fewer.count == same.count
    held = everything.index.clone()
    held[:, :3] = everything.count  # who may not turn
    assert (Unknowns(held, everything.count).poses.index[:, :3] == 4 * 3).all()


def test_a_long_lens_does_not_invent_distortion() -> None:
    shot = shoot(COUNT, 12, ((96, 72),), distance=16.0)
    numbers = shot.cameras.intrinsics * torch.tensor([4.0, 4.0, 1.0, 1.0])
    assert numbers[0, 0] > 4 * 96  # a view of 13 degrees
    maps = exact(replace(shot, cameras=shot.cameras))
    start = replace(turned(maps.cameras, 0.1), k1=torch.full((COUNT,), 0.02))
    one = torch.zeros(COUNT, dtype=torch.int64)
    unknowns = Unknowns.of(torch.ones(COUNT, dtype=torch.bool), one, one, one)
    found = walked(Joint(believed(maps, start), unknowns, patches=80), 5)
    assert found.k1.abs().max() < 0.15
    aside = (found.intrinsics[:, 2:] - found.sizes / 2).abs() / found.sizes
    assert aside.max() < 0.05


def test_states_and_threads_change_no_bit(maps: DepthMaps) -> None:
    start = believed(maps, turned(maps.cameras, 0.3))

    def begun() -> Joint:
        return Joint(start, free(True, True), seed=3, patches=60)

    straight, broken = begun(), begun()
    for _ in range(2):
        straight.step()
    kept = {name: value.clone() for name, value in straight.state().items()}
    broken.restore(kept)
    with ThreadPoolExecutor(3, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for _ in range(2):
            assert straight.step() == broken.step(pool.map)
    for one, other in zip(straight.state().values(), broken.state().values(), strict=True):
        assert torch.equal(one, other)


def test_photos_that_share_nothing_are_left_as_they_are(maps: DepthMaps) -> None:
    lost = replace(maps, support=torch.zeros_like(maps.support))
    joint = Joint(lost, free())
    assert not walked(joint).centre.isnan().any()
    assert joint.done
