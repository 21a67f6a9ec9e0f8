"""Planes that share colours are planes whose colours are equal, with fewer numbers to learn."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.multiplane.compositing import (
    Met,
    asked,
    sample,
    sample_all,
    sample_block,
    sample_colours,
    sample_met_backward,
)
from core.multiplane.field import Block, Extent, MultiplaneImage, even_places
from core.multiplane.lens import follow
from core.rendering.scene import FieldScene
from core.runs import checkpoint
from core.training.trainer import Trainer
from studio.scene.painting.baked import Baked
from tests.conftest import small_config
from tests.core.multiplane.test_field import ONE, SETTINGS, seen_by_reference, waving
from tests.core.training.layers import brief, layered
from tests.core.training.parts import planes_of

EXTENT = Extent((1.1, 1.2), (1.5, 1.4))


COARSE = (4, 3)  # texels of alpha, where they are fewer than those of colours


def shared(
    planes: int = 16, sharing: int = 2, alpha_size: tuple[int, int] | None = None
) -> MultiplaneImage:
    """Planes of chance, of few texels."""
    field = MultiplaneImage(
        even_places(planes), 7, 5, EXTENT, 0.05, 1.0, sharing=sharing, alpha_size=alpha_size
    )
    generator = torch.manual_seed(3)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return field


def apart(field: MultiplaneImage) -> MultiplaneImage:
    """The same planes, each with colours of its own."""
    planes, width, height = field.size
    own = MultiplaneImage(field.places, width, height, ONE, 0.05, 1.0)
    with torch.no_grad():
        own.reach.copy_(field.reach)
        for block, part in zip(own.blocks, field.parts(), strict=True):
            block.copy_(part.logits())
    assert planes == own.size[0]
    return own


def points(planes: int, rays: int = 11) -> Tensor:
    """(D, 1, R, 2), some of them beyond the edges."""
    return 2.4 * torch.rand(planes, 1, rays, 2, generator=torch.manual_seed(5)) - 1.2


@pytest.mark.parametrize("sharing", [2, 4])
def test_they_are_sampled_as_planes_of_equal_colours(sharing: int) -> None:
    field = shared(16, sharing)
    assert torch.equal(sample_all(field, points(16)), sample_all(apart(field), points(16)))
    assert torch.equal(seen_by_reference(field).rgb, seen_by_reference(apart(field)).rgb)
    numbers = sum(parameter.numel() for parameter in field.parameters())
    assert numbers == (1 + 3 / sharing) / 4 * sum(p.numel() for p in apart(field).parameters())


def test_neighbours_of_one_colour_reach_equally_far() -> None:
    groups = shared(16, 4).reach.unflatten(0, (4, 4))
    assert torch.equal(groups, groups[:, :1].expand_as(groups))
    assert torch.equal(groups[:, -1], EXTENT.at(even_places(16))[3::4])


def sampled(part: Block, at: Tensor, met: Met) -> Tensor:
    """Logits of a block, with colours where they are asked for."""
    logits = sample_block(part, at)
    if met.asked is not None:
        logits[:, :3] = 0
        sample_colours(met, logits)
    return logits


@pytest.mark.parametrize("alpha_size", [None, COARSE])
def test_gradients_are_those_of_autograd(alpha_size: tuple[int, int] | None) -> None:
    part = shared(32, 4, alpha_size).parts()[1]
    at = points(8).requires_grad_()
    pull = torch.randn(8, 4, 11, generator=torch.manual_seed(6))
    texels, colours = part.texels, part.colours
    assert colours is not None
    rgb = sample(colours.repeat_interleave(4, 0), at)
    seen = torch.cat([rgb, sample(texels, at)], 1)
    expected = torch.autograd.grad((seen * pull).sum(), [texels, colours, at])
    assert torch.equal(sample_block(part, at), seen)
    everywhere = asked(part, at.detach(), torch.ones(8, 11, dtype=torch.bool))
    for met in (everywhere, Met(part, at.detach())):
        with torch.no_grad():
            logits = sampled(part, at, met)
            to_points = sample_met_backward(pull, met)
        assert torch.equal(logits, seen)
        assert texels.grad is not None and colours.grad is not None
        for mine, other in zip((texels.grad, colours.grad, to_points), expected, strict=True):
            assert torch.allclose(mine, other, atol=1e-5)


def test_colours_that_nobody_sees_are_not_asked_for() -> None:
    part, at = shared(32, 4, COARSE).parts()[1], points(8)
    seen = torch.rand(8, 11, generator=torch.manual_seed(7)) < 0.3
    met, every = asked(part, at, seen), Met(part, at)
    with torch.no_grad():
        logits = sampled(part, at, met)
        whole = sample_block(part, at)
        pull = torch.randn(8, 4, 11, generator=torch.manual_seed(6))
        to_points = sample_met_backward(pull, met)
        of_some = [texels.grad for texels in (part.texels, part.colours)]
        pull[:, :3] *= seen.unsqueeze(1)
        everywhere = sample_met_backward(pull, every)
        of_all = [texels.grad for texels in (part.texels, part.colours)]
        assert sample_met_backward(pull, met, moves=False) is None
    assert torch.equal(logits[:, 3], whole[:, 3])
    assert torch.equal(logits[:, :3], whole[:, :3] * seen.unsqueeze(1))
    for mine, other in zip((*of_some, to_points), (*of_all, everywhere), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)
    assert all(map(torch.equal, of_some, [texels.grad for texels in (part.texels, part.colours)]))


@pytest.mark.parametrize("alpha_size", [None, (24, 18)])
def test_growing_into_shared_colours_shows_the_same(alpha_size: tuple[int, int] | None) -> None:
    before = waving(even_places(8))
    finer = before.finer(even_places(32), 48, 36, ONE, 4, alpha_size)
    assert finer.parts()[0].sharing == 4 and finer.size == (32, 48, 36)
    assert finer.blocks[0].shape[:1:-1] == (alpha_size or (48, 36))
    for other in (
        before.finer(even_places(32), 48, 36, ONE),
        finer.finer(even_places(32), 48, 36, ONE),
    ):
        difference = seen_by_reference(finer).rgb - seen_by_reference(other).rgb
        assert float(difference.abs().mean()) < 0.01


@pytest.mark.parametrize("alpha_size", [None, COARSE])
def test_state_is_all_there_is(alpha_size: tuple[int, int] | None) -> None:
    field = shared(16, 2, alpha_size)
    again = MultiplaneImage.of(field.state_dict(), 1.0)
    assert again.size == field.size
    assert torch.equal(seen_by_reference(again).rgb, seen_by_reference(field).rgb)


def test_a_new_lens_moves_all_of_a_plane() -> None:
    field, focal = shared(16, 2), torch.tensor([0.8, 1.0])
    together, alone = shared(16, 2), apart(field)
    for one in (together, alone):
        follow(one, focal, torch.tensor([0.0]), torch.tensor([0.05]))
    for part, block in zip(together.parts(), alone.blocks, strict=True):
        assert torch.allclose(part.logits(), block, atol=1e-5)
    coarse, before = shared(16, 2, COARSE), shared(16, 2, COARSE)
    follow(coarse, focal, torch.tensor([0.0]), torch.tensor([0.05]))
    assert not any(map(torch.equal, coarse.parameters(), before.parameters()))


@pytest.mark.parametrize("alpha_size", [None, COARSE])
def test_pictures_of_many_planes_are_of_pairs(alpha_size: tuple[int, int] | None) -> None:
    field = shared(64, 4, alpha_size)
    scene = FieldScene(field, torch.tensor([0.8, 1.0]), SETTINGS)
    baked = Baked.of(scene)
    assert baked.layers.shape == (32, 5, 7, 4) and (baked.disparities[:-1] > 0).all()
    alpha = field.parts()[0].logits()[:, 3:].detach().sigmoid()
    pair = 1 - (1 - alpha[0]) * (1 - alpha[1])
    assert abs(baked.layers[0, ..., 3] / 255 - pair[0].numpy()).max() < 0.51 / 255
    moving = baked.halved()
    four = 1 - (1 - alpha[:4]).prod(0)
    assert moving.layers.shape == (16, 5, 7, 4) and (moving.halved() is moving)
    assert abs(moving.layers[0, ..., 3] / 255 - four[0].numpy()).max() < 2 / 255
    assert moving.disparities[0] == baked.disparities[:2].mean()


def test_a_run_through_shared_colours_goes_on_bit_for_bit(tmp_path: Path) -> None:
    photos = layered(4, 32, 24)[0]
    trainer = Trainer(small_config(training__bootstrap=True, field__kind="planes"), photos, brief())
    while (
        trainer.stage == "bootstrap"
        or planes_of(trainer).level_step < 2
        or (not planes_of(trainer).field.colours)
    ):
        trainer.train_step(1)
    found = checkpoint.read(checkpoint.save(trainer, tmp_path, {}))
    again = Trainer(found.config, photos, trainer.recipe)
    checkpoint.restore(again, found)
    for one in (trainer, again):
        one.train_step(1)
    for mine, other in zip(trainer.field.parameters(), again.field.parameters(), strict=True):
        assert torch.equal(mine, other)
    for one in (trainer, again):
        one.close()
