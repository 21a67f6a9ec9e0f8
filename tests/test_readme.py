"""What the README promises is what is run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_ci_runs_the_readmes_test_command() -> None:
    commands = re.findall(r"```\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    tests = [command for command in commands if "pytest" in command]
    assert tests[0] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_dependency_has_a_reason() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text()
    for file in ("requirements.txt", "tests/requirements.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if line and not line.startswith("#"):
                name, _, version = line.partition("==")
                assert name in reasons, name
                assert version, f"{name} is not pinned"


def test_what_the_readme_links_is_there_and_small() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert "docs/scene.html" in links
    for link in links:
        assert (ROOT / link).is_file(), link
    assert (ROOT / "docs" / "scene.html").stat().st_size <= 3_000_000


def test_what_the_page_of_troubles_quotes_is_still_said() -> None:
    sources = [
        path
        for folder in ("core", "studio")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js", ".html")
    ]
    said = " ".join(path.read_text() for path in sources)
    pages = (ROOT / "docs" / "troubleshooting.md").read_text()
    rows = [line.split("|")[1] for line in pages.splitlines() if line.startswith("| ")]
    quoted = [words for row in rows for words in re.findall("`([^`]+)`", row)]
    assert len(quoted) > 20
    assert not [words for words in quoted if words not in said]
