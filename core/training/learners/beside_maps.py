"""A neural field beside depth maps: it lives in the contracted world around what these show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.depthmaps.occupied import occupancy_of
from core.depthmaps.warping.scene import WarpedScene
from core.rendering.contraction import Ball
from core.rendering.occupancy import Occupancy
from core.rendering.scene import FieldScene, Scene
from core.rendering.volume import Proposal, RaySettings


def ball_in(facts: Mapping[str, Any]) -> Ball | None:
    """In whose contraction a field that was saved lives; None where it was in none."""
    return Ball(*facts["ball"]) if facts.get("ball") else None


def settings_in(ball: Ball | None, settings: RaySettings, proposal: Proposal | None) -> RaySettings:
    """How rays of a field in a contracted world are rendered; others as `settings` has them."""
    if ball is None or not isinstance(proposal, Occupancy):
        return settings
    near, far = proposal.near, proposal.far
    return replace(settings, space="camera", near=near, far=far, spacing="disparity", ball=ball)


def beside(warped: WarpedScene, field: Scene, facts: Mapping[str, Any]) -> dict[str, Scene]:
    """A saved field as a scene by its name, where saved depth maps say that it is.

    Nothing where these had not come so far.
    """
    ball, views = ball_in(facts), warped.views
    found = None if views is None else occupancy_of(views.maps, warped.without)
    if ball is None or found is None:
        return {}
    assert isinstance(field, FieldScene), "fields are seen by rays"
    settings = settings_in(ball, field.settings, found)
    return {"field": replace(field, settings=settings, proposal=found)}
