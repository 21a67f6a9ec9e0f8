"""Between the rig, which stores cameras as options ask, and the cameras that joint steps move."""

import numpy as np
import torch
from torch import Tensor

from core.bootstrap.findings import Way
from core.depthmaps.adjustment.unknowns import FOCAL, MOVE, Unknowns
from core.depthmaps.cameras import Cameras
from core.depthmaps.photos import on_canvas
from core.geometry.cameras import CameraRig
from core.geometry.canvas import window
from core.training.camera_optimizer import Learns


def read(rig: CameraRig, photos: Tensor) -> Cameras:
    """The cameras of some photos (K,), at their own sizes."""
    cameras = rig.cameras()
    return Cameras.of([cameras[photo] for photo in photos.tolist()])


def picture(rig: CameraRig, colours: Tensor, photo: int) -> np.ndarray:
    """(h, w, 3) uint8 of one photo alone, of the colours (N, H, W, 3) of all."""
    own = window(rig.size(photo), (rig.width, rig.height))
    return colours[photo, *own].cpu().numpy()


def pictures(rig: CameraRig, colours: Tensor, photos: Tensor) -> Tensor:
    """(K, 3, H, W) uint8 of some photos (K,), as depth maps have them on a canvas."""
    if rig.sizes:
        return on_canvas([picture(rig, colours, photo) for photo in photos.tolist()])
    return colours[photos].cpu().permute(0, 3, 1, 2).contiguous()


def unknowns_of(
    rig: CameraRig, learns: Learns, found_by: Way, count: int, middle: bool = False
) -> Unknowns | None:
    """What options let move of so many cameras; None where that is nothing.

    Photos have one focal length unless the rig zooms, and one distortion. That is looked for
    wherever anything moves, as its prior holds it where photos do not show it: with a focal length
    that is held and no distortion, poses follow the distortion there is. Lenses that came with the
    cameras, from matched features or given for each photo, stay, unless distortion is asked for: a
    photo's own focal length is hardly told by so few pixels, and takes the camera along.

    Args:
        found_by: the way to the cameras.
        middle: whether to look for the principal point as well, where focal lengths may change and
            all photos are whole: of one shape and one focal length. Nobody knows it, matched
            features neither.
    """
    known = found_by == "features" or (found_by == "given" and rig.zooms)
    lens = learns.focal and not known
    moving = learns.rotation or learns.position
    bends = learns.distortion or (not known and (moving or learns.focal))
    one, each = torch.zeros(count, dtype=torch.int64), torch.arange(count)
    unknowns = Unknowns.of(
        torch.full((count,), moving),
        (each if rig.zooms else one) if lens else None,
        one if bends else None,
        one if middle and learns.focal and not (rig.sizes or rig.zooms) else None,
    )
    index = unknowns.index.clone()
    if not learns.rotation:
        index[:, :MOVE] = unknowns.count
    if not learns.position:
        index[:, MOVE:FOCAL] = unknowns.count
    return Unknowns(index, unknowns.count) if (index < unknowns.count).any() else None


@torch.no_grad()
def write(rig: CameraRig, photos: Tensor, cameras: Cameras) -> None:
    """Have the rig's cameras of some photos (K,) be these K, of any size."""
    singles = cameras.single()
    poses = np.stack([camera.camera_to_world for camera in singles])
    rig.place(photos, torch.from_numpy(poses))
    focals = torch.tensor([(c.fx / c.width, c.fy / c.height) for c in singles]).double()
    focals *= focals.new_tensor([rig.size(photo) for photo in photos.tolist()])
    if rig.zooms:
        own = (focals.to(rig.zoom) / rig.focal_lengths()).log()
        rig.zoom[photos] = own.mean(-1, keepdim=True) if rig.shared_focal else own
    else:
        rig.set_focal_lengths(focals.log().mean(0).exp().to(rig.focal))
    rig.distortion.fill_(float(cameras.k1.mean()))
    if not rig.sizes:
        rig.principal.copy_(torch.tensor([camera.principal for camera in singles]).mean(0))
    rig.convert(distorts=rig.distorts)
