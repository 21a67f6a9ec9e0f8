"""How fast a training step of the published size is, beside the same step written plainly.

The plain step is what NeRF--'s recipe says, line by line: all rays at once in float32, ordinary
autograd, joined inputs, an optimizer that is not fused. It shares the cameras, the weights and the
random numbers with the product's step, and computes the same loss. `python -m
studio.benchmarks.steps` prints the comparison.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.fields import ReluField, SirenField
from core.fields.precision import fastest_precision
from core.geometry.cameras import CameraRig
from core.rendering.sampling import LAST_LENGTH
from core.rendering.volume import RaySettings
from core.training.batch import Batch
from core.training.devices import choose_device, name_of
from core.training.optimizers import make_optimizer
from core.training.step import Sharing, training_step

CPU = torch.device("cpu")
PHOTOS, HEIGHT, WIDTH = 17, 378, 504  # as many and as large as in NeRF--'s smallest scene
RATE = 1e-3


@dataclass(frozen=True)
class Size:
    """How large a step is: the published one unless said."""

    rays: int = 1024
    samples: int = 128
    width: int = 128
    depth: int = 8


@dataclass(frozen=True)
class Speed:
    """Median milliseconds of one step."""

    plain_ms: float
    ours_ms: float

    @property
    def ratio(self) -> float:
        """How many of our steps fit into a plain one."""
        return self.plain_ms / self.ours_ms


@dataclass(frozen=True)
class StepFigures:
    """What was measured: processor time with one thread, wall clock with more."""

    relu: Speed
    siren: Speed
    precision: str
    threads: int


def measure_steps(
    threads: int = 1,
    precision: str = "auto",
    rounds: int = 3,
    size: Size | None = None,
    device: torch.device = CPU,
) -> StepFigures:
    """Take plain and own steps by turns, after one of each that does not count.

    Args:
        threads: of the plain step's operators, and workers of ours.
        precision: of our hidden layers; "auto" measures which is fastest here. The plain step
            is always in float32.
        rounds: turns for each field.
        size: of the step. The published one takes about 2 GB in its plain form.
        device: where steps are made; on a GPU they are timed by its own events.
    """
    precision = fastest_precision(device.type) if precision == "auto" else precision
    size = size or Size()
    relu, siren = (field.to(device) for field in published_fields(size, precision))
    return StepFigures(
        _speed(relu, plain_relu, threads, rounds, size),
        _speed(siren, plain_siren, threads, rounds, size),
        precision,
        threads,
    )


def published_fields(size: Size, precision: str) -> tuple[ReluField, SirenField]:
    """The networks of nerfmm and of improved-nerfmm, with fixed weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        relu = ReluField(
            width=size.width,
            depth=size.depth,
            skip=size.depth // 2,
            position_octaves=10,
            direction_octaves=4,
            anneal=False,
            view_directions=True,
            density_activation="relu",
            precision=precision,
        )
        siren = SirenField(
            width=size.width,
            depth=size.depth,
            first_w0=30.0,
            following_w0=1.0,
            density_scale=20.0,
            rgb_scale=1.0,
            view_directions=True,
            density_activation="relu",
            precision=precision,
        )
    return relu, siren


def a_batch(size: Size, device: torch.device = CPU) -> tuple[CameraRig, Batch]:
    """Cameras at the identity, and pixels whose colours mean nothing."""
    generator = torch.Generator().manual_seed(0)
    rig = CameraRig(PHOTOS, WIDTH, HEIGHT, "axis-angle", "square", False, 0.8)
    corner = torch.tensor([WIDTH, HEIGHT])
    batch = Batch(
        photo=torch.randint(PHOTOS, (size.rays,), generator=generator).to(device),
        centres=((torch.rand(size.rays, 2, generator=generator) * corner).floor() + 0.5).to(device),
        colours=torch.rand(size.rays, 3, generator=generator).to(device),
        jitter=torch.rand(size.rays, size.samples, generator=generator).to(device),
        noise=None,
    )
    return rig.to(device), batch


def published_numbers(field: nn.Module, rig: CameraRig) -> list[nn.Parameter]:
    """What both published programs learn."""
    return [*field.parameters(), rig.rotation, rig.position, rig.focal]


def _speed(
    field: nn.Module,
    plain: Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]],
    threads: int,
    rounds: int,
    size: Size,
) -> Speed:
    device = next(field.parameters()).device
    rig, batch = a_batch(size, device)
    learned = published_numbers(field, rig)
    settings = RaySettings("ndc", 0.0, 1.0, size.samples, False)
    unfused = torch.optim.Adam(learned, lr=RATE, foreach=False, fused=False)
    fused = make_optimizer(learned)
    fused.param_groups[0]["lr"] = RATE
    timed = timer_of(device, threads)

    def plain_step() -> None:
        unfused.zero_grad()
        plain_loss(field, plain, rig, batch, size.samples).backward()
        unfused.step()

    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as workers:

        def our_step() -> None:
            sharing = Sharing(workers.map if threads > 1 else map)
            training_step(rig, field, batch, settings, [fused], sharing=sharing)

        times: list[tuple[float, float]] = []
        for _ in range(rounds + 1):
            with operator_threads(threads):
                first = timed(plain_step)
            with operator_threads(1):
                times.append((first, timed(our_step)))
    plain_times, our_times = zip(*times[1:], strict=True)
    return Speed(statistics.median(plain_times), statistics.median(our_times))


def timer_of(device: torch.device, threads: int) -> Callable[[Callable[[], None]], float]:
    """What tells how many milliseconds a step takes: a GPU's events, or a clock of the CPU."""
    clock = time.process_time if threads == 1 else time.perf_counter

    def by_clock(step: Callable[[], None]) -> float:
        began = clock()
        step()
        return 1000 * (clock() - began)

    def by_events(step: Callable[[], None]) -> float:
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        step()
        ended.record()
        ended.synchronize()
        return float(began.elapsed_time(ended))

    return by_events if device.type == "cuda" else by_clock


@contextmanager
def operator_threads(count: int) -> Iterator[None]:
    """So many threads inside each operator of torch, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# -- the recipe, written plainly ---------------------------------------------------------------


def plain_loss(
    field: nn.Module,
    network: Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]],
    rig: CameraRig,
    batch: Batch,
    samples: int,
) -> Tensor:
    """Mean squared error of a batch: NeRF's equations 2 and 3 in the coordinates of appendix C."""
    assert batch.jitter is not None, "the recipe draws its samples at random"
    poses = rig.camera_to_world(batch.photo)
    fx, fy = rig.focal_lengths()
    x = (batch.centres[:, 0] - rig.width / 2) / fx
    y = (batch.centres[:, 1] - rig.height / 2) / fy
    d = (poses[:, :3, :3] @ torch.stack([x, y, torch.ones_like(x)], -1)[..., None])[..., 0]
    o = poses[:, :3, 3] + (1 - poses[:, 2:3, 3]) / d[:, 2:] * d  # on the near plane, z = 1
    scale = torch.stack([2 * fx / rig.width, 2 * fy / rig.height])
    start = torch.cat([scale * o[:, :2] / o[:, 2:], 1 - 2 / o[:, 2:]], -1)
    slope = scale * (d[:, :2] / d[:, 2:] - o[:, :2] / o[:, 2:])
    along = torch.cat([slope, 2 / o[:, 2:]], -1)
    t = torch.linspace(0, 1, samples, device=poses.device)
    middle = (t[1:] + t[:-1]) / 2
    lower, upper = torch.cat([t[:1], middle]), torch.cat([middle, t[-1:]])
    t = lower + (upper - lower) * batch.jitter
    positions = start[:, None] + t[..., None] * along[:, None]
    view = (d / d.norm(dim=-1, keepdim=True))[:, None].expand(positions.shape)
    rgb, density = network(field, positions, view)
    length = torch.cat([t[:, 1:] - t[:, :-1], torch.full_like(t[:, :1], LAST_LENGTH)], -1)
    alpha = 1 - torch.exp(-density * length * along.norm(dim=-1, keepdim=True))
    passing = torch.cumprod(1 - alpha + 1e-10, -1)
    light = torch.cat([torch.ones_like(alpha[:, :1]), passing[:, :-1]], -1)
    colour = ((alpha * light)[..., None] * rgb).sum(1)
    return ((colour - batch.colours) ** 2).mean()


def plain_relu(field: nn.Module, positions: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
    """A `ReluField` with every input joined and every octave's waves computed."""
    assert isinstance(field, ReluField)
    code = _plain_code(positions, field.position_octaves)
    hidden = code
    for index, layer in enumerate(field.hidden):
        entering = torch.cat([code, hidden], -1) if index == field.skip + 1 else hidden
        hidden = torch.relu(layer(entering))
    density = torch.relu(field.density(hidden)[..., 0])
    view = _plain_code(view, field.direction_octaves)
    colour = torch.relu(field.colour_hidden(torch.cat([field.remap(hidden), view], -1)))
    return torch.sigmoid(field.colour(colour)), density


def _plain_code(values: Tensor, octaves: int) -> Tensor:
    waves = [wave(2**k * values) for k in range(octaves) for wave in (torch.sin, torch.cos)]
    return torch.cat([values, *waves], -1)


def plain_siren(field: nn.Module, positions: Tensor, view: Tensor) -> tuple[Tensor, Tensor]:
    """A `SirenField` with every angle multiplied and every input joined."""
    assert isinstance(field, SirenField)
    hidden = positions
    for index, layer in enumerate(field.hidden):
        w0 = field.following_w0 if index else field.first_w0
        hidden = torch.sin(w0 * layer(hidden))
    raw = field.density(hidden)[..., 0]
    density = torch.relu(torch.where(raw > 0, field.density_scale * raw, raw))
    colour = field.colour_hidden(torch.cat([field.remap(hidden), view], -1))
    colour = field.colour(torch.sin(field.following_w0 * colour))
    return torch.sigmoid(field.rgb_scale * colour), density


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="A step of the published size, and a plain one.")
    asked.add_argument("--device", choices=["auto", "cpu", "cuda"], default="cpu")
    chosen = choose_device(asked.parse_args().device, "--device is")
    figures = measure_steps(device=chosen)
    where = f"{name_of(chosen)}, {figures.threads} thread"
    print(f"hidden layers in {figures.precision}, {where}, milliseconds")
    for name, speed in (("relu", figures.relu), ("siren", figures.siren)):
        print(
            f"{name:6} plain {speed.plain_ms:6.0f}  ours {speed.ours_ms:6.0f}"
            f"  {speed.ratio:.2f} times as fast"
        )
