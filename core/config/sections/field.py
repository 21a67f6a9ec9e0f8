"""Options of the field."""

from core.config.declare import REBUILD_FIELD, Section, option
from core.fields import DENSITY_ACTIVATIONS, FIELDS
from core.fields.precision import PRECISIONS
from core.fields.triplane import HEADS


class Field(Section):
    """The scene function: position and direction in, colour and density out."""

    kind: str = option(
        "relu", "Field", "What holds the scene: a network, or planes of pictures.", REBUILD_FIELD,
        choices=FIELDS,
    )  # fmt: skip
    geometry: str = option(
        "auto", "Geometry",
        "Planes before all cameras, or each photo's own depth map for views far apart; auto tells.",
        REBUILD_FIELD, choices=("auto", "planes", "depth-maps"),
    )  # fmt: skip
    corrected: bool = option(
        True, "Corrected by photos",
        "Once planes are finished, views add what these leave of the photos, warped from there, as "
        "far as pixels that nothing was learned from bear it out.",
        expert=True,
    )  # fmt: skip
    width: int = option(
        64, "Width", "Neurons of each hidden layer.", REBUILD_FIELD, at_least=8, at_most=1024
    )
    depth: int = option(4, "Depth", "Hidden layers.", REBUILD_FIELD, at_least=2, at_most=16)
    skip: int = option(
        2, "Skip after layer", "ReLU: the input enters again after this layer, counted from 0.",
        REBUILD_FIELD, at_least=0, at_most=15, expert=True,
    )  # fmt: skip
    position_octaves: int = option(
        5, "Position octaves", "ReLU: frequencies of the positional encoding.", REBUILD_FIELD,
        at_least=0, at_most=16,
    )  # fmt: skip
    direction_octaves: int = option(
        4, "Direction octaves", "ReLU: frequencies of the view direction's encoding.",
        REBUILD_FIELD, at_least=0, at_most=8, expert=True,
    )  # fmt: skip
    anneal_epochs: int = option(
        0, "Octaves appear over", "ReLU: epochs in which higher octaves fade in; 0 shows all.",
        REBUILD_FIELD, at_least=0, expert=True,
    )  # fmt: skip
    view_directions: bool = option(
        True, "View directions", "Colour may depend on where it is seen from.", REBUILD_FIELD
    )
    view_epochs: int = option(
        40, "View directions after", "Epochs before they count, so that parallax is learned first.",
        at_least=0, expert=True,
    )  # fmt: skip
    head: str = option(
        "relu", "Tri-plane head", "Activation of the network behind a tri-plane's planes.",
        REBUILD_FIELD, choices=HEADS,
    )  # fmt: skip
    plane_side: int = option(
        384, "Tri-plane side", "Tri-plane: texels along x and y.", REBUILD_FIELD,
        at_least=8, at_most=2048, expert=True,
    )  # fmt: skip
    plane_depth: int = option(
        64, "Tri-plane depth", "Tri-plane: texels along z.", REBUILD_FIELD,
        at_least=4, at_most=1024, expert=True,
    )  # fmt: skip
    plane_channels: int = option(
        16, "Tri-plane features", "Tri-plane: numbers stored in each texel.", REBUILD_FIELD,
        at_least=1, at_most=64, expert=True,
    )  # fmt: skip
    plane_extent: float = option(
        1.6, "Tri-plane reach", "Tri-plane: half sides of the reference picture it covers.",
        REBUILD_FIELD, at_least=1, at_most=8, expert=True,
    )  # fmt: skip
    precision: str = option(
        "auto", "Precision", "Numbers in hidden layers; auto takes bfloat16 where that is faster.",
        REBUILD_FIELD, choices=("auto", *PRECISIONS), expert=True,
    )  # fmt: skip
    density_activation: str = option(
        "softplus", "Density activation", "Softplus keeps a gradient where space is empty.",
        REBUILD_FIELD, choices=DENSITY_ACTIVATIONS,
    )  # fmt: skip
    density_noise: float = option(
        0.0, "Density noise", "Standard deviation of noise on raw density while training.",
        at_least=0, at_most=100, expert=True,
    )  # fmt: skip
    first_w0: float = option(
        30.0, "First w0", "SIREN: frequency of the first sine layer.", REBUILD_FIELD,
        at_least=0.1, at_most=200,
    )  # fmt: skip
    following_w0: float = option(
        1.0, "Following w0", "SIREN: frequency of the other sine layers.", REBUILD_FIELD,
        at_least=0.1, at_most=200, expert=True,
    )  # fmt: skip
    density_scale: float = option(
        20.0, "Density scale", "SIREN: positive raw density is multiplied by this (sigma_mul).",
        REBUILD_FIELD, at_least=0.1, at_most=1000,
    )  # fmt: skip
    rgb_scale: float = option(
        1.0, "Colour scale", "SIREN: raw colour is multiplied by this (rgb_mul).", REBUILD_FIELD,
        at_least=0.1, at_most=100, expert=True,
    )  # fmt: skip
    rate: float = option(
        5e-3, "Field learning rate", "Adam's step for the network.", at_least=0, at_most=1
    )
    decay: float = option(
        0.9954, "Field rate decay", "The field's rate is multiplied by this, step by step.",
        at_least=0.01, at_most=1, expert=True,
    )  # fmt: skip
    decay_epochs: int = option(
        10, "Epochs between field decays", "How many epochs one decay step lasts.",
        at_least=1, expert=True,
    )  # fmt: skip
    decay_steps: int = option(
        0, "Steps between field decays", "How many steps one lasts instead; 0 counts epochs.",
        at_least=0, expert=True,
    )  # fmt: skip


MADE_WITH = {"anneal_epochs": "anneal"}  # what a network is made with, where that has another name


def kinds_with(name: str) -> tuple[str, ...]:
    """The kinds of field that an option of this section acts on, told by what they are made with.

    How networks learn concerns all of them; planes are made and learned by their schedule.
    """
    if name in ("kind", "geometry"):
        return tuple(FIELDS)
    networks = tuple(kind for kind in FIELDS if kind != "planes")
    word = MADE_WITH.get(name, name)
    own = tuple(kind for kind in networks if word in FIELDS[kind].__init__.__annotations__)
    return own or networks
