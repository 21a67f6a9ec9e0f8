"""Every option's declaration becomes a widget, and what a widget shows becomes the option again."""

from typing import Any

import gradio as gr
import pytest

from core.config import Config
from core.config.paths import Option, changed, get, options
from studio.panel.controls import element, from_widget, to_widget, widget


@pytest.mark.parametrize("option", options().values(), ids=list(options()))
def test_what_a_widget_shows_is_the_option_again(option: Option) -> None:
    value = get(Config(), option.path)
    shown = to_widget(option, value)
    returned = from_widget(option, float(shown) if type(shown) is int else shown)
    assert returned == value and type(returned) is type(value)
    assert changed(Config(), {option.path: returned}) == Config()


@pytest.mark.parametrize("option", options().values(), ids=list(options()))
def test_a_widget_says_what_a_change_does(option: Option) -> None:
    component = widget(option, option.default)
    assert component.elem_id == element(option.path)
    assert component.label == option.title
    assert option.help in component.info and option.effect.sentence in component.info


def test_the_ids_are_the_paths_with_dashes() -> None:
    assert element("cameras.rotation") == "option-cameras-rotation"
    assert element("training.autosave_seconds") == "option-training-autosave-seconds"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("cameras.rotation", gr.Radio),
        ("cameras.learn_focal", gr.Checkbox),
        ("explore.share", gr.Slider),
        ("cameras.rate", gr.Number),
        ("field.width", gr.Number),
        ("data.photos", gr.Textbox),
        ("data.disabled", gr.Textbox),
    ],
)
def test_the_kind_of_widget_follows_from_the_declaration(path: str, kind: type) -> None:
    option = options()[path]
    assert type(widget(option, option.default)) is kind


@pytest.mark.parametrize(
    ("path", "shown", "value"),
    [
        ("data.disabled", "a.jpg, b c.jpg,", ("a.jpg", "b c.jpg")),
        ("data.disabled", "", ()),
        ("field.width", 64.0, 64),
        ("field.width", 64.5, 64.5),  # refused by the engine, not rounded behind the person's back
        ("field.width", None, None),
        ("cameras.rate", 1, 1.0),
        ("data.photos", " /photos ", "/photos"),
    ],
)
def test_entries_as_typed(path: str, shown: Any, value: Any) -> None:
    assert from_widget(options()[path], shown) == value
