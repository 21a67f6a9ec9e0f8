"""Small parts of a tab that hold no option."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import gradio as gr

SAID = {"rgb": "colour", "best": "the better", "both": "side by side"}  # in plain words


def heading(words: str) -> None:
    """A title within a tab."""
    gr.HTML(f"<h3>{words}</h3>", elem_classes="heading", apply_default_css=False)


def dim(words: str) -> None:
    """A line of help."""
    gr.HTML(words, elem_classes="dim", apply_default_css=False)


@contextmanager
def more(words: str = "") -> Iterator[None]:
    """What is one click deeper; `words` tell beforehand what is there."""
    hint = f'<span class="dim">{words}</span>' if words else ""
    with gr.Column(elem_classes="more", scale=0):
        button = f'<button class="disclose" aria-expanded="false">More{hint}</button>'
        gr.HTML(button, apply_default_css=False)
        yield


def segments(label: str, choices: Iterable[str], identity: str) -> gr.Radio:
    """One of a few words, the first of them at first."""
    words = [*choices]
    return gr.Radio(
        said(words), value=words[0], label=label, elem_id=identity, elem_classes="segments"
    )


def said(choices: Iterable[str]) -> list[tuple[str, str]]:
    """Choices as people say them, with what each stands for."""
    return [(SAID.get(choice, choice), choice) for choice in choices]


def number(value: float, label: str, identity: str, step: float) -> gr.Number:
    """A number to type."""
    return gr.Number(value, label=label, elem_id=identity, step=step, min_width=0)


def discard(value: object) -> None:
    """An event's answer is nothing."""
