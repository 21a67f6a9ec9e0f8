"""The plain step is the product's step: same loss, same gradients; only the time may differ."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from core.rendering.volume import RaySettings
from core.training.step import training_step
from studio.benchmarks.steps import (
    Size,
    a_batch,
    measure_steps,
    operator_threads,
    plain_loss,
    plain_relu,
    plain_siren,
    published_fields,
    published_numbers,
    timer_of,
)

SMALL = Size(rays=40, samples=12, width=16, depth=4)


class Keeper(torch.optim.Optimizer):
    """Keeps the gradients instead of following them."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__(parameters, {})
        self.kept: list[Tensor | None] = []

    def step(self, closure: None = None) -> None:
        self.kept = [p.grad for group in self.param_groups for p in group["params"]]


@pytest.mark.parametrize(("index", "plain"), [(0, plain_relu), (1, plain_siren)])
def test_both_steps_are_the_same_step(
    index: int, plain: Callable[..., tuple[Tensor, Tensor]]
) -> None:
    field = published_fields(SMALL, "float32")[index]
    rig, batch = a_batch(SMALL)
    learned = published_numbers(field, rig)
    keeper = Keeper(learned)
    settings = RaySettings("ndc", 0.0, 1.0, SMALL.samples, False)
    result = training_step(rig, field, batch, settings, [keeper])
    loss = plain_loss(field, plain, rig, batch, SMALL.samples)
    assert result.loss == pytest.approx(loss.item(), rel=1e-5)
    for ours, theirs in zip(keeper.kept, torch.autograd.grad(loss, learned), strict=True):
        assert ours is not None and theirs.norm() > 0
        assert (ours - theirs).norm() <= 2e-3 * theirs.norm()


def test_published_sizes_are_the_default() -> None:
    relu, siren = published_fields(Size(), "float32")
    assert sum(p.numel() for p in relu.parameters()) == 158_660
    assert sum(p.numel() for p in siren.parameters()) == 141_380


@pytest.mark.parametrize("threads", [1, 2])
def test_figures_are_of_both_fields(threads: int) -> None:
    before = torch.get_num_threads()
    figures = measure_steps(threads, rounds=1, size=SMALL)
    assert figures.threads == threads
    for speed in (figures.relu, figures.siren):
        assert speed.plain_ms > 0 and speed.ours_ms > 0
        assert speed.ratio == speed.plain_ms / speed.ours_ms
    assert torch.get_num_threads() == before


def test_operator_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="stop"), operator_threads(2):
        assert torch.get_num_threads() == 2
        raise ValueError("stop")
    assert torch.get_num_threads() == before


def test_a_gpu_times_steps_by_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock would tell how long a step takes to be asked for; torch.cuda is played."""
    reports: list[str] = []

    class Event:
        """One of a card's."""

        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            reports.append("event")

        def synchronize(self) -> None:
            reports.append("waited")

        def elapsed_time(self, other: "Event") -> float:
            return 2.5

    monkeypatch.setattr(torch.cuda, "Event", Event)
    assert timer_of(torch.device("cuda"), 1)(lambda: reports.append("step")) == 2.5
    assert reports == ["event", "step", "event", "waited"]
