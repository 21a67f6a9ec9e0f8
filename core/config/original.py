"""The configuration of improved-nerfmm in our words: one table for every key of its base.yaml.

`docs/presets.md` is this table on paper; a test keeps the two in step. A file in the original's
keys means the original's recipe: what it leaves out has the value of base.yaml, and what the
original does without any key is in `IMPLIED`.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InputError

FRAMEWORKS = {"NeRF": "relu", "SirenNeRF": "siren"}

# What the original always does, as options of ours.
IMPLIED: dict[str, Any] = {
    "training.bootstrap": False,
    "cameras.search": "pixels",
    "training.pixels_from": "one-photo",
    "rendering.space": "camera",
    "cameras.shared_focal": False,
    "data.exif_focal": False,
    "field.view_epochs": 0,
    "field.anneal_epochs": 0,
    "field.precision": "float32",
}


class NoCounterpart(Exception):
    """A value that cannot be said here."""


Values = Mapping[str, Any]  # of all keys of the original, by path
Convert = Callable[[Any, Values], Any]  # raises NoCounterpart, or what int() and float() raise


@dataclass(frozen=True)
class Key:
    """One key of the original, and the options of ours that take its value.

    Without options it is needless here, or asks for what is not there: then every value but the
    default is refused.
    """

    path: str
    default: Any
    options: tuple[str, ...]
    remark: str  # what differs, or what to do instead; ends a sentence
    convert: Convert = lambda value, others: value
    refuses: bool = False
    optional: bool = False  # where a file says nothing, our own default holds


@dataclass(frozen=True)
class Translation:
    """A file of the original as options of ours by path, and one sentence about it."""

    options: dict[str, Any]
    notice: str


def _epochs(value: Any, others: Values) -> int:
    return int(value) + int(others["training.num_epoch_pre"])


def _rays(value: Any, others: Values) -> int:
    return int(value) if int(value) > 0 else -1


def _long_side(value: Any, others: Values) -> int:
    if float(value) != 1:
        raise NoCounterpart
    return 0


def _skip(value: Any, others: Values) -> int:
    if not isinstance(value, list) or len(value) > 1:
        raise NoCounterpart
    return int(value[0]) if value else int(others["model.net_d"]) - 1


def _kind(value: Any, others: Values) -> str:
    if value not in FRAMEWORKS:
        raise NoCounterpart
    return FRAMEWORKS[value]


def _perceptual(value: Any, others: Values) -> float:
    if float(others["training.w_img"]) <= 0:
        raise NoCounterpart
    return float(value) / float(others["training.w_img"])


def _switch(value: Any, others: Values) -> bool:
    return float(value) > 0


def _needless(path: str, default: Any, remark: str) -> Key:
    return Key(path, default, (), remark)


def _absent(path: str, default: Any, remark: str) -> Key:
    return Key(path, default, (), remark, refuses=True)


KEYS: tuple[Key, ...] = (
    _needless("expname", "default", "the run's folder is named with --run"),
    _needless("device_ids", [0], "training.device takes a GPU where there is one"),
    Key("data.white_bkgd", False, ("rendering.white_background",), "the same"),
    Key("data.data_dir", None, ("data.photos",), "--photos says it too", optional=True),
    Key("data.N_rays", 1024, ("training.rays",), "the same; a whole photo is -1", _rays),
    _absent("data.batch_size", None, "training.pixels_from all-photos draws across photos"),
    Key("data.downscale", 1.0, ("data.long_side",),
        "pixels instead of a divisor: say data.long_side, the photos' longer side divided by it; "
        "1 keeps their size", _long_side),
    Key("data.near", 0.0, ("rendering.near",), "the same"),
    Key("data.far", 1.0, ("rendering.far",), "the same"),
    Key("model.framework", "NeRF", ("field.kind",), "NeRF is relu, SirenNeRF is siren", _kind),
    Key("model.perturb", 1.0, ("rendering.perturb",), "on or off", _switch),
    Key("model.raw_noise_std", 1.0, ("field.density_noise",), "the same; nerfmm has 0"),
    Key("model.N_samples", 128, ("rendering.samples",), "the same"),
    Key("model.N_importance", 0, ("rendering.importance_samples",), "the same"),
    Key("model.net_d", 8, ("field.depth",), "the same"),
    Key("model.net_w", 256, ("field.width",), "the same; every scene of the original has 128"),
    Key("model.net_skips", [4], ("field.skip",), "one skip or none; SirenNeRF has none", _skip),
    Key("model.multires", 10, ("field.position_octaves",), "the same"),
    Key("model.multires_views", 4, ("field.direction_octaves",), "the same"),
    Key("model.use_viewdirs", True, ("field.view_directions",), "works for both fields"),
    Key("model.sigma_clamp_mode", "relu", ("field.density_activation",), "the same"),
    _needless("model.rayschunk", 131072, "pieces fit the cache or the GPU by themselves"),
    _needless("model.val_rayschunk", 32768, "likewise"),
    _needless("model.netchunk", 524288, "likewise"),
    _absent("model.use_fine_model", False, "the original stops with an error as well"),
    _needless("model.net_d_fine", None, "of the fine model, which never ran"),
    _needless("model.net_w_fine", None, "likewise"),
    _needless("model.net_skips_fine", None, "likewise"),
    Key("model.so3_representation", "axis-angle", ("cameras.rotation",), "the same words"),
    Key("model.intrinsics_representation", "square", ("cameras.focal",), "the same words"),
    Key("model.initial_fov", 53.13, ("cameras.initial_fov",),
        "across the longer side, with square pixels; the original starts with fx = W, fy = H"),
    Key("model.siren_sigma_mul", None, ("field.density_scale", "field.first_w0"),
        "the original hands it to the first layer as w0 too, so both are set", optional=True),
    _needless("model.siren_first_layer_w0", 30.0,
              "the original never reads it; set field.first_w0 for another w0"),
    Key("model.siren_following_layers_w0", 1.0, ("field.following_w0",), "the same"),
    Key("model.siren_rgb_mul", 1.0, ("field.rgb_scale",), "the same"),
    _needless("training.log_root_dir", "logs", "the run's folder is named with --run"),
    _needless("training.exp_dir", None, "likewise; the original writes it beside checkpoints"),
    _needless("training.w_img", 1.0, "Adam heeds only its ratio to w_perceptual"),
    Key("training.w_perceptual", 0.0, ("losses.clip",),
        "over w_img; from new views too, a cosine distance instead of a squared one; the original "
        "stops with an error", _perceptual),
    Key("training.i_save", 900, ("training.autosave_seconds",), "every minute here",
        optional=True),
    _needless("training.i_backup", 50000, "the newest three are kept, and each before a change"),
    Key("training.step_size_nerf", 10, ("field.decay_epochs",), "the same"),
    Key("training.lr_anneal_nerf", 0.9954, ("field.decay",), "the same"),
    Key("training.lr_nerf", 1e-3, ("field.rate",), "the same"),
    Key("training.step_size_param", 100, ("cameras.decay_epochs",), "the same"),
    Key("training.lr_anneal_param", 0.9, ("cameras.decay",), "the same"),
    Key("training.lr_param", 1e-3, ("cameras.rate", "cameras.focal_rate"), "two rates here"),
    Key("training.num_epoch", 10000, ("training.epochs",),
        "counts from the first epoch here, so num_epoch_pre is added", _epochs),
    Key("training.num_epoch_pre", 0, ("training.pretrain_epochs",), "the same"),
    _absent("training.ckpt_file", None, "training.start_from takes a run of ours, and launch.py "
            "import makes one of a checkpoint of the original"),
    _absent("training.ckpt_ignore_keys", [],
            "training.keep names what is taken over from training.start_from"),
    _absent("training.ckpt_only_use_keys", None,
            "training.keep names what is taken over; refine keeps the cameras"),
    _needless("training.no_reload", False, "the original never reads it"),
    _needless("training.novel_view_synthesis", False, "novel views are shown while training"),
)  # fmt: skip

BY_PATH: dict[str, Key] = {key.path: key for key in KEYS}


def is_original(paths: Mapping[str, Any]) -> bool:
    """Whether settings by path hold keys of the original; none of them is an option of ours."""
    return any(path in BY_PATH or path.startswith("model.") for path in paths)


def translated(paths: Mapping[str, Any], where: str, long_side: int | str | None) -> Translation:
    """What a file of the original means here.

    Args:
        paths: the file's settings by path, those of the original and of ours mixed; ours win.
        where: the file, for a complaint.
        long_side: pixels of the photos' longer side after `data.downscale`, where it is known.

    Raises:
        InputError: a key is unknown or its value has no counterpart.
    """
    written = {path: value for path, value in paths.items() if path in BY_PATH}
    ours = {path: value for path, value in paths.items() if path not in BY_PATH}
    for path in ours:
        _refuse_unknown(path, where)
    if long_side is not None:
        ours.setdefault("data.long_side", long_side)
    values = {key.path: key.default for key in KEYS} | written
    if values["model.framework"] == "SirenNeRF" and not written.get("model.siren_sigma_mul"):
        raise InputError(f"{where}: SirenNeRF needs model.siren_sigma_mul; add it, such as 20.")
    options = dict(IMPLIED)
    for key in KEYS:
        silent = key.optional and written.get(key.path) is None
        if not silent and not (key.options and set(key.options) <= ours.keys()):
            options |= dict.fromkeys(key.options, _converted(key, values, where))
    return Translation(options | ours, _notice(written, where))


def _refuse_unknown(path: str, where: str) -> None:
    if path.startswith("model."):
        near = difflib.get_close_matches(path, BY_PATH, n=1, cutoff=0.3)
        remedy = f"the nearest one is {near[0]}" if near else "docs/presets.md lists all"
        raise InputError(f"{where}: improved-nerfmm has no key {path}; {remedy}.")


def _converted(key: Key, values: Values, where: str) -> Any:
    value = values[key.path]
    try:
        if key.refuses and value not in (key.default, None, [], False, 0):
            raise NoCounterpart
        return key.convert(value, values)
    except (NoCounterpart, TypeError, ValueError, OverflowError):
        raise InputError(
            f"{where}: {key.path} {value!r} has no counterpart: {key.remark}."
        ) from None


def _notice(written: Values, where: str) -> str:
    said = [f"{path} is {' and '.join(BY_PATH[path].options) or 'not needed'}" for path in written]
    return (
        f"{where} has keys of improved-nerfmm: {', '.join(said)}; what it leaves out is as in its "
        "base.yaml (docs/presets.md)."
    )
