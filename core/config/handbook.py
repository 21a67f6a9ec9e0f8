"""Every option in a page for people, made of its declaration: `docs/options.md`."""

from core.config import Config
from core.config.paths import Option, get, options, summary, yaml_line
from core.fields import FIELDS

INTRODUCTION = """\
# Every option

Made of the declarations by `python -m core.config handbook > docs/options.md`; a test keeps it up
to date. An option is set in the panel, where it has the name in bold; on the command line as
`--section.name VALUE`; in a YAML file given to `--config`, in the form of
[configs/default.yaml](../configs/default.yaml). What is in *italics* stands under More in the
panel. The last column says what a change does to a run that is under way.
"""
HEAD = "| option | default | what it is | may be | a change |\n|---|---|---|---|---|"


def handbook() -> str:
    """All options as Markdown, a table for each section."""
    parts = [INTRODUCTION]
    for section, field in Config.model_fields.items():
        rows = [_row(item) for item in options().values() if item.section == section]
        parts.append("\n".join([f"## {section}", "", summary(field), "", HEAD, *rows, ""]))
    return "\n".join(parts)


def _row(option: Option) -> str:
    title = f"*{option.title}*" if option.expert else f"**{option.title}**"
    only = len(option.kinds) < len(FIELDS) and option.kinds
    kinds = f" ({', '.join(option.kinds)} only)" if only else ""
    cells = (
        f"{title}<br>`{option.path}`",
        f"`{yaml_line(get(Config(), option.path))}`",
        f"{option.help}{kinds}",
        _values(option),
        option.effect.sentence,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _values(option: Option) -> str:
    """What the option takes, in few words."""
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices)
    if option.type is bool:
        return "`true`, `false`"
    if option.type not in (int, float):
        return "a list" if option.type is tuple else "text"
    number = "a whole number" if option.type is int else "a number"
    ends = (("at least", option.at_least), ("at most", option.at_most))
    bounds = [f"{words} {end:,}" for words, end in ends if end is not None]
    return ", ".join([number, *bounds])
