"""Checkpoints of the two published NeRF-- programs, read with care, in our words and axes.

improved-nerfmm (MIT, Jianfei Guo) writes one pickled `.pt`: `model`, `cam_param`, `global_step`,
`epoch_idx` and optimizers. nerfmm (MIT, Zirui Wang) writes three `.pth`: `latest_nerf`,
`latest_focal` and `latest_pose`, each a `model_state_dict` and an `epoch`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError
from core.fields.encoding import encode, encoded_size
from core.formats.pickled import OTHER, array, loaded, part, whole, word
from core.geometry.focals import FOCALS, SMALLEST_RATIO
from core.geometry.rotations import ROTATIONS

NERFMM_FILES = ("latest_nerf.pth", "latest_focal.pth", "latest_pose.pth")
NERFMM_STEP = 2.0  # length of its rays' directions in ndc, which it leaves out of densities
LAYERS = 8  # of nerfmm's network
FLIP = (1.0, -1.0, -1.0)  # OpenGL axes to OpenCV's, and back


@dataclass(frozen=True, eq=False)
class Published:
    """What such a checkpoint holds.

    Attributes:
        path: the file.
        program: which of the two wrote it.
        options: of ours by path, as far as shapes and words of the file decide them.
        field: parameters by the names of `ReluField` or `SirenField`.
        rotation: (N, k) numbers of `options["cameras.rotation"]`, camera to world, OpenCV axes.
        position: (N, 3).
        ratio: (2,) fx / width and fy / height; (1,) if only fx / width is stated, and fy is fx.
        size: width and height it was trained at, where the file says so.
        step, epoch: how far it was.
    """

    path: Path
    program: str
    options: dict[str, Any]
    field: dict[str, Tensor]
    rotation: Tensor
    position: Tensor
    ratio: Tensor
    size: tuple[int, int] | None
    step: int
    epoch: int


def read_published(source: Path, focal: str) -> Published:
    """Read a checkpoint of either program.

    Args:
        source: a `.pt` of improved-nerfmm, or a folder of them (also in `ckpts` below it), of which
            the one with the most steps is taken; or a folder of nerfmm, or one of its files.
        focal: how nerfmm's focal numbers are to be read, `square` or `ratio`: it does not say.

    Raises:
        InputError: nothing of that kind is there, or it is damaged, hostile or incomplete.
    """
    folder = source if source.is_dir() else source.parent
    if source.name in NERFMM_FILES or (folder == source and (folder / NERFMM_FILES[0]).is_file()):
        return _nerfmm(folder, focal)
    if source.is_file():
        return _improved(source)
    files = [*source.glob("*.pt"), *source.glob("ckpts/*.pt")]
    if not files:
        raise InputError(
            f"{source}: there is no .pt of improved-nerfmm and no {NERFMM_FILES[0]} of nerfmm; "
            "name the file or the folder that holds it."
        )
    return max((_improved(file) for file in sorted(files)), key=lambda found: found.step)


# -- improved-nerfmm -------------------------------------------------------------------------


def _improved(path: Path) -> Published:
    content = loaded(path)
    prefix = "fg_net.coarse_model."
    network = part(content, "model", path)
    net = {
        str(name).removeprefix(prefix): tensor
        for name, tensor in network.items()
        if str(name).startswith(prefix)
    }
    siren = "base_layers.0.layer.weight" in net
    options, field = _siren(net, path) if siren else _relu(net, path)
    cameras = part(content, "cam_param", path)
    rotation = word(cameras, "so3_repr", path, ROTATIONS)
    focal = word(cameras, "intr_repr", path, FOCALS)
    position = array(cameras, "t", path, (None, 3))
    numbers = array(cameras, "phi", path, (len(position), ROTATIONS[rotation].size))
    size = whole(cameras, "W0", path, 1), whole(cameras, "H0", path, 1)
    options |= {"cameras.rotation": rotation, "cameras.focal": focal}
    return Published(
        path,
        "improved-nerfmm",
        options,
        field,
        numbers,
        position,
        _ratio(array(cameras, "f", path, (2,)), focal, path),
        size,
        whole(content, "global_step", path, -1) + 1,
        whole(content, "epoch_idx", path, 0),
    )


def _relu(net: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    depth = _depth(net, r"base_layers\.(\d+)\.0\.weight", path)
    field = _renamed(
        net,
        {f"base_layers.{i}.0": f"hidden.{i}" for i in range(depth)}
        | {"rgb_layers.0": "colour_hidden", "rgb_layers.2": "colour"},
        path,
    )
    width, code = field["hidden.0.weight"].shape
    wider = [i for i in range(1, depth) if field[f"hidden.{i}.weight"].shape[1] == width + code]
    if len(wider) > 1:
        raise InputError(f"{path}: its network has {len(wider)} skips; {OTHER}")
    view = field["colour_hidden.weight"].shape[1] - width
    return {
        "field.kind": "relu",
        "field.width": width,
        "field.depth": depth,
        "field.skip": wider[0] - 1 if wider else depth - 1,
        "field.position_octaves": _octaves(code, path),
        "field.view_directions": view > 0,
    } | ({"field.direction_octaves": _octaves(view, path)} if view > 0 else {}), field


def _siren(net: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    depth = _depth(net, r"base_layers\.(\d+)\.layer\.weight", path)
    field = _renamed(
        net,
        {f"base_layers.{i}.layer": f"hidden.{i}" for i in range(depth)}
        | {"rgb_layers.0.layer": "colour_hidden", "rgb_layers.1": "colour"},
        path,
    )
    width = len(field["hidden.0.weight"])
    return {
        "field.kind": "siren",
        "field.width": width,
        "field.depth": depth,
        "field.view_directions": field["colour_hidden.weight"].shape[1] > width,
    }, field


def _renamed(net: Mapping[str, Any], names: Mapping[str, str], path: Path) -> dict[str, Tensor]:
    """Weights and biases of all layers by our names; both programs' heads have the same ones."""
    both = {**names, "sigma_layers.0": "density", "base_remap_layers.0": "remap"}
    field = {}
    for theirs, ours in both.items():
        field[f"{ours}.weight"] = array(net, f"{theirs}.weight", path, (None, None))
        rows = len(field[f"{ours}.weight"])
        field[f"{ours}.bias"] = array(net, f"{theirs}.bias", path, (rows,))
    if len(field) != len(net):
        raise InputError(f"{path}: its network has layers that are not NeRF--'s; {OTHER}")
    return field


# -- nerfmm ----------------------------------------------------------------------------------


def _nerfmm(folder: Path, focal: str) -> Published:
    if focal not in ("square", "ratio"):
        raise InputError(
            f"{folder}: nerfmm knows cameras.focal square and ratio, not {focal}; choose one."
        )
    contents = [loaded(folder / name) for name in NERFMM_FILES]
    net, focals, poses = (
        {str(name).removeprefix("module."): tensor for name, tensor in state.items()}
        for state in (
            part(content, "model_state_dict", folder / name)
            for content, name in zip(contents, NERFMM_FILES, strict=True)
        )
    )
    options, field = _their_relu(net, folder / NERFMM_FILES[0])
    where = folder / NERFMM_FILES[1]
    numbers = [array(focals, name, where, ()) for name in ("fx", "fy") if name in focals]
    if "fx" not in focals:
        raise InputError(f"{where}: fx is missing; {OTHER}")
    rotation, position = _their_poses(poses, folder / NERFMM_FILES[2])
    epoch = whole(contents[0], "epoch", folder / NERFMM_FILES[0], 0) + 1
    options |= {
        "cameras.rotation": "axis-angle",
        "cameras.focal": focal,
        "cameras.shared_focal": len(numbers) == 1,
    }
    return Published(
        folder / NERFMM_FILES[0],
        "nerfmm",
        options,
        field,
        rotation,
        position,
        _ratio(torch.stack(numbers), focal, where),
        None,
        epoch * len(position),
        epoch,
    )


def _their_relu(net: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """nerfmm's network as a `ReluField`.

    Its ndc has y upwards, the code follows the features where it enters again, densities are per
    unit of t instead of length, and its view directions are those of ndc: of these the one straight
    ahead goes into the biases.
    """
    half = LAYERS // 2
    layers = {f"layers{i // half}.{2 * (i % half)}": f"base_layers.{i}.0" for i in range(LAYERS)}
    layers |= {
        "fc_density": "sigma_layers.0",
        "fc_feature": "base_remap_layers.0",
        "rgb_layers.0": "rgb_layers.0",
        "fc_rgb": "rgb_layers.2",
    }
    named = {
        layers.get(n.rpartition(".")[0], "?") + "." + n.rpartition(".")[2]: net[n] for n in net
    }
    entering = named.get(f"base_layers.{half}.0.weight")
    options, field = _relu(named, path)
    width, code = field["hidden.0.weight"].shape
    if entering is None or entering.shape != (width, width + code):
        raise InputError(f"{path}: its fifth layer does not take the position again; {OTHER}")
    mirrored = _mirror_y(options["field.position_octaves"])
    field["hidden.0.weight"] = field["hidden.0.weight"] * mirrored
    features, again = field[f"hidden.{half}.weight"].split([width, code], dim=1)
    field[f"hidden.{half}.weight"] = torch.cat([again * mirrored, features], dim=1)
    for name in ("density.weight", "density.bias"):
        field[name] = field[name] / NERFMM_STEP
    if options["field.view_directions"]:
        weight = field["colour_hidden.weight"].clone()
        ahead = encode(torch.tensor([[0.0, 0.0, 1.0]]), options["field.direction_octaves"])[0]
        field["colour_hidden.bias"] = field["colour_hidden.bias"] + weight[:, width:] @ ahead
        weight[:, width:] = 0
        field["colour_hidden.weight"] = weight
    return options, field


def _mirror_y(octaves: int) -> Tensor:
    """What each number of a position's code is multiplied by when y changes its sign."""
    signs = torch.ones(1 + 2 * octaves, 3)
    signs[0, 1] = -1
    signs[1::2, 1] = -1  # sines; cosines do not change
    return signs.flatten()


def _their_poses(poses: Mapping[str, Any], path: Path) -> tuple[Tensor, Tensor]:
    position = array(poses, "t", path, (None, 3))
    rotation = array(poses, "r", path, (len(position), 3))
    if "init_c2w" in poses:  # learned on top of COLMAP's
        given = array(poses, "init_c2w", path, (len(position), 4, 4)).double()
        turn = ROTATIONS["axis-angle"].to_matrix(rotation.double())
        matrix = turn @ given[:, :3, :3]
        position = (turn @ given[:, :3, 3:]).squeeze(-1).float() + position
        rotation = ROTATIONS["axis-angle"].from_matrix(matrix).float()
    flip = torch.tensor(FLIP)  # half a turn about x, on both sides of the rotation
    return rotation * flip, position * flip


# -- both ------------------------------------------------------------------------------------


def _ratio(numbers: Tensor, focal: str, path: Path) -> Tensor:
    ratio = FOCALS[focal].to_ratio(numbers)
    if not bool(((ratio > SMALLEST_RATIO) & (ratio < 1 / SMALLEST_RATIO)).all()):
        raise InputError(f"{path}: its focal length is that of no camera; {OTHER}")
    return ratio


def _depth(net: Mapping[str, Any], pattern: str, path: Path) -> int:
    found = {int(match[1]) for name in net if (match := re.fullmatch(pattern, name))}
    if not 2 <= len(found) <= 16 or found != set(range(len(found))):
        raise InputError(f"{path}: its network is not one of NeRF--'s; {OTHER}")
    return len(found)


def _octaves(code: int, path: Path) -> int:
    octaves = (code // 3 - 1) // 2
    if octaves < 0 or encoded_size(3, octaves) != code:
        raise InputError(f"{path}: its positional encoding leaves the input out; {OTHER}")
    return octaves
