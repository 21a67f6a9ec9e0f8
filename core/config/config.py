"""Every setting of a run. `configs/default.yaml` is generated from the sections."""

from core.config.declare import Frozen
from core.config.sections.cameras import Cameras
from core.config.sections.data import Data
from core.config.sections.explore import Explore
from core.config.sections.field import Field
from core.config.sections.losses import Losses
from core.config.sections.rendering import Rendering
from core.config.sections.schedule import Schedule
from core.config.sections.training import Training


class Config(Frozen):
    """Everything that decides a run, in sections."""

    data: Data = Data()
    cameras: Cameras = Cameras()
    field: Field = Field()
    rendering: Rendering = Rendering()
    training: Training = Training()
    losses: Losses = Losses()
    schedule: Schedule = Schedule()
    explore: Explore = Explore()
