"""An option's declaration -> its widget -> the command a touch becomes. No option is named here."""

import math
from typing import Any

import gradio as gr

from core.config.declare import Effect
from core.config.paths import Option
from studio.panel.widgets import said

SLIDER_PART = (0.05, 0.8)  # a default in this part of its range is well placed on a slider


def element(path: str) -> str:
    """The page's id of an option's widget: ``cameras.rotation`` -> ``option-cameras-rotation``."""
    return "option-" + path.replace(".", "-").replace("_", "-")


def widget(option: Option, value: Any) -> gr.components.Component:
    """The widget of an option, showing `value`."""
    # The sentence of the effect is set apart by CSS, which finds it as the help's emphasis.
    label, info = option.title, f"{option.help} *{option.effect.sentence}*"
    shown, identity = to_widget(option, value), element(option.path)
    classes = ["option", f"effect-{option.effect.name.lower().replace('_', '-')}"]
    classes += [f"of-{kind}" for kind in option.kinds]  # elsewhere the page hides it
    if option.choices:
        return gr.Radio(
            said(option.choices), value=shown, label=label, info=info, elem_id=identity,
            elem_classes=[*classes, "segments"],
        )  # fmt: skip
    if option.type is bool:
        return gr.Checkbox(
            shown, label=label, info=info, elem_id=identity, elem_classes=[*classes, "switch"]
        )
    if option.type not in (int, float):
        return gr.Textbox(
            shown, label=label, info=info, elem_id=identity, elem_classes=classes, max_lines=1
        )
    if (bounds := _slides(option)) is not None:
        return gr.Slider(
            *bounds, shown, step=_step(option), label=label, info=info, elem_id=identity,
            elem_classes=classes, buttons=[],
        )  # fmt: skip
    return gr.Number(
        shown, label=label, info=info, elem_id=identity, elem_classes=classes, step=_step(option)
    )


def user_events(component: gr.components.Component) -> list[Any]:
    """The events that only a person causes, and only when done with an entry."""
    match component:
        case gr.Slider():
            return [component.release]
        case gr.Number() | gr.Textbox():
            return [component.submit, component.blur]
        case gr.Radio() | gr.Checkbox():
            return [component.input]
    raise TypeError(f"no option has a {type(component).__name__}")


def to_widget(option: Option, value: Any) -> Any:
    """An option's value as its widget shows it."""
    return ", ".join(map(str, value)) if option.type is tuple else value


def from_widget(option: Option, shown: Any) -> Any:
    """What a widget shows as the option's value. Bounds are the engine's to check.

    An emptied number comes back as None, which stands for "keep what it was".
    """
    if option.type is tuple:
        kind = type(option.default[0]) if option.default else str
        return tuple(_as(kind, part.strip()) for part in str(shown).split(",") if part.strip())
    if option.type is str:
        return str(shown).strip()
    if option.type is int and isinstance(shown, float) and shown.is_integer():
        return int(shown)
    if option.type is float and isinstance(shown, int) and not isinstance(shown, bool):
        return float(shown)
    return shown


def _as(kind: type, text: str) -> Any:
    """A part of a list; what cannot be one is the engine's to refuse."""
    try:
        return kind(text)
    except ValueError:
        return text


def _slides(option: Option) -> tuple[float, float] | None:
    """The bounds of what takes effect while sliding and has a range worth sliding through."""
    least, most = option.at_least, option.at_most
    if option.effect > Effect.LIVE or least is None or most is None:
        return None
    well_placed = SLIDER_PART[0] <= (option.default - least) / (most - least) <= SLIDER_PART[1]
    return (least, most) if well_placed else None


def _step(option: Option) -> float:
    """One arrow key's worth: 1, or a tenth of the default's magnitude."""
    if option.type is int:
        return 1
    return 10.0 ** (math.floor(math.log10(option.default)) - 1) if option.default else 0.1
