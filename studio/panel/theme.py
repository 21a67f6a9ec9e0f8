"""How the page looks: what of Gradio's theme CSS cannot reach early enough, and the assets.

Colours live in `assets/styles/tokens.css` once; here Gradio's own variables are pointed at them.
Nothing is fetched from elsewhere: the fonts are the system's.
"""

from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).parent / "assets"
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "DejaVu Sans", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "DejaVu Sans Mono", "monospace")

FIRST = """
<meta name="color-scheme" content="light dark">
<link rel="icon" href="panel/icon.svg" type="image/svg+xml">
<script src="panel/first.js"></script>
<link rel="stylesheet" href="panel/styles/tokens.css">
"""  # in the page as it is sent: browsers ask for an icon at once; Gradio adds `HEAD` half way

HEAD = """
<link rel="stylesheet" href="panel/styles/page.css">
<link rel="stylesheet" href="panel/styles/widgets.css">
<link rel="stylesheet" href="panel/styles/through.css">
<link rel="stylesheet" href="panel/styles/sides.css">
<link rel="stylesheet" href="panel/styles/verdict.css">
<link rel="stylesheet" href="panel/styles/runs.css">
<link rel="stylesheet" href="panel/styles/path.css">
<link rel="stylesheet" href="panel/styles/narrow.css">
<script type="module" src="panel/page.js"></script>
"""


def put_html(name: str, identity: str) -> None:
    """Put a piece of static HTML of the assets here, in a block with that id."""
    text = (ASSETS / "pieces" / f"{name}.html").read_text(encoding="utf-8")
    gr.HTML(text, elem_id=identity, apply_default_css=False)


def theme() -> gr.themes.Base:
    """Gradio's base theme in the studio's colours."""
    return gr.themes.Base(
        font=FONT, font_mono=MONO, radius_size="sm", spacing_size="sm", text_size="sm"
    ).set(
        body_background_fill="#f4f5f7",  # before the style sheets have arrived
        body_background_fill_dark="#0f1216",
        body_text_color="#161a20",
        body_text_color_dark="#e6e9ee",
        **_both("body_text_color_subdued", "var(--muted)"),
        **_both("background_fill_primary", "var(--surface)"),
        **_both("background_fill_secondary", "var(--raised)"),
        **_both("border_color_primary", "var(--line)"),
        **_both("border_color_accent", "var(--accent)"),
        color_accent="var(--accent)",
        **_both("color_accent_soft", "var(--raised)"),
        **_both("link_text_color", "var(--accent)"),
        **_both("block_background_fill", "transparent"),
        **_both("block_border_width", "0px"),
        **_both("block_shadow", "none"),
        **_both("block_title_text_color", "var(--ink)"),
        **_both("block_info_text_color", "var(--muted)"),
        block_padding="0",
        **_both("block_label_background_fill", "transparent"),
        **_both("input_background_fill", "var(--raised)"),
        **_both("input_background_fill_focus", "var(--raised)"),
        **_both("input_border_color", "var(--line)"),
        **_both("input_border_color_focus", "var(--accent)"),
        **_both("input_border_width", "1px"),
        **_both("input_shadow", "none"),
        **_both("input_shadow_focus", "none"),
        **_both("slider_color", "var(--accent)"),
        **_both("loader_color", "var(--accent)"),
        **_both("checkbox_background_color", "transparent"),
        **_both("checkbox_background_color_selected", "var(--accent)"),
        **_both("checkbox_border_color", "var(--faint)"),
        **_both("checkbox_border_color_selected", "var(--accent)"),
        **_both("checkbox_border_color_focus", "var(--accent)"),
        **_both("button_primary_background_fill", "var(--accent)"),
        **_both("button_primary_background_fill_hover", "var(--accent)"),
        **_both("button_primary_text_color", "var(--on-accent)"),
        **_both("button_secondary_background_fill", "var(--raised)"),
        **_both("button_secondary_background_fill_hover", "var(--line)"),
        **_both("button_secondary_border_color", "var(--line)"),
        **_both("button_secondary_text_color", "var(--ink)"),
    )


def _both(name: str, value: str) -> dict[str, str]:
    """One value for light and dark alike: the CSS variable it names differs instead."""
    return {name: value, f"{name}_dark": value}
