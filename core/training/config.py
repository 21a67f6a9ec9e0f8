"""Every setting of a run. `configs/default.yaml` is generated from the sections."""

from core.training.options import Frozen
from core.training.sections.cameras import Cameras
from core.training.sections.data import Data
from core.training.sections.explore import Explore
from core.training.sections.field import Field
from core.training.sections.losses import Losses
from core.training.sections.rendering import Rendering
from core.training.sections.training import Training


class Config(Frozen):
    """Everything that decides a run, in sections."""

    data: Data = Data()
    cameras: Cameras = Cameras()
    field: Field = Field()
    rendering: Rendering = Rendering()
    training: Training = Training()
    losses: Losses = Losses()
    explore: Explore = Explore()
