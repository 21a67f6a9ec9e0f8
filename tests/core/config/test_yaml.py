"""A config file is read as people mean it, or refused in one sentence that names the place."""

from pathlib import Path

import pytest

from core.config import Config
from core.config.paths import changed, get, read_yaml, to_yaml
from core.errors import InputError

TENS = ", ".join(["*{0}"] * 10)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "config.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [1, 1]\n" + "".join(
            f"{x}: &{x} [{TENS.format(y)}]\n" for x, y in zip("bcdefghi", "abcdefgh", strict=True)
        ) + f"data: {{disabled: [{TENS.format('i')}]}}", ["line 2", "alias"]),
        ("data: &self\n  disabled: [*self]", ["line 2", "alias"]),
        ("field:\n  kind: siren\nfield:\n  width: 32", ["line 3", "field twice"]),
        ("field:\n  width: 32\n  width: 64", ["line 3", "width twice"]),
        ("field.width: 32\nfield:\n  width: 64", ["field.width twice"]),
        ("training:\n  rays: 017", ["line 2", "017", "decimal"]),
        ("training:\n  rays: 0x20", ["line 2", "0x20", "decimal"]),
        ("training:\n  rays: 1_000", ["line 2", "1_000", "decimal"]),
        ("data:\n  video_start: 12:30:45", ["line 2", "12:30:45", "decimal"]),
        ("? [a]\n: 2", ["line 1", "key"]),
        ("field: {? {a: b} : 1}", ["line 1", "key"]),
        ("data: !!python/object/apply:os.getcwd []", ["line 1"]),
        ("training:\n  rays: " + "9" * 5000, ["not valid YAML"]),
        ("training: " + "[" * 30_000, ["not valid YAML"]),
        ("training:\n  rays: " + "x" * 5000, ["training.rays cannot be", "…"]),
        ("training:\n  rate: .nan", ["training.rate"]),
        ("data:\n  held_out: null", ["data.held_out"]),
        (b"data:\n  photos: caf\xe9", ["not valid YAML"]),
        ("false", ["sections"]),
        ("training:\n  rays: true", ["training.rays cannot be True", "a number"]),
        ("field: siren", ["field is a section", "below it"]),
        ("field: [kind, siren]", ["field is a section", "below it"]),
    ],
    ids=lambda part: None if isinstance(part, list) else repr(part[:20]),
)  # fmt: skip
def test_what_is_refused_is_refused_in_a_sentence(
    tmp_path: Path, text: str | bytes, words: list[str]
) -> None:
    with pytest.raises(InputError) as refusal:
        changed(Config(), read_yaml(written(tmp_path, text)))
    for word in words:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("\ufefffield:\n  kind: siren", "field.kind", "siren"),
        ("field:\n  kind: siren".encode("utf-16"), "field.kind", "siren"),
        ("cameras:\n  # rotation: quaternion\nfield:\n  kind: siren", "field.kind", "siren"),
        ("field:\r\n  kind: siren\r\n", "field.kind", "siren"),
        ("field.kind: siren", "field.kind", "siren"),
        ("cameras:\n  rate: 1e-3", "cameras.rate", 0.001),
        ("cameras:\n  rate: .5", "cameras.rate", 0.5),
        ("data:\n  photos: 2024-01-01", "data.photos", "2024-01-01"),
        ("data:\n  photos: '017'", "data.photos", "017"),
        ("data:\n  disabled: 000.jpg, 001.jpg", "data.disabled", ("000.jpg", "001.jpg")),
        ("data:\n  photos: 'C:\\Users\\me'", "data.photos", "C:\\Users\\me"),
        ("# nothing yet", "field.kind", "relu"),
    ],
)
def test_what_people_and_their_editors_write_is_understood(
    tmp_path: Path, text: str | bytes, path: str, expected: object
) -> None:
    assert get(changed(Config(), read_yaml(written(tmp_path, text))), path) == expected


def test_any_name_survives_the_file(tmp_path: Path) -> None:
    names = [f"photo {number}, of many.jpg" for number in range(40)]
    names += [
        "new\nline.jpg",
        "quo\"te's.jpg",
        " leading.jpg",
        "017",
        "1e5",
        "1_0",
        "12:30",
        "日本",
    ]
    config = changed(Config(), {"data.disabled": names})
    assert changed(Config(), read_yaml(written(tmp_path, to_yaml(config)))) == config


def test_a_name_with_a_comma_can_be_typed() -> None:
    typed = '"a,b.jpg", c.jpg,d"e.jpg,"new\nline.jpg"'
    config = changed(Config(), {"data.disabled": typed})
    assert config.data.disabled == ("a,b.jpg", "c.jpg", 'd"e.jpg', "new\nline.jpg")


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(InputError, match="64 KB"):
        read_yaml(Path("/dev/zero"))
