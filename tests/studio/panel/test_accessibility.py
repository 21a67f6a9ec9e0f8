"""The page by the rules of axe-core, in both shades, on a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from core.search.witnesses import Opinion
from tests.browser import chromium
from tests.studio.panel.stand_ins import Desk, Desktop, served

pytestmark = pytest.mark.browser
SIZES = {"a desk": (1440, 900), "a phone": (390, 844)}
BAD = {"serious", "critical"}  # impacts


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with served(Desk(tmp_path_factory.mktemp("run"), undo="step 3")) as running:
        yield running


@pytest.fixture(scope="module")
def page(desktop: Desktop) -> Iterator[Page]:
    with chromium() as browser:
        opened = browser.new_page(reduced_motion="reduce")
        opened.goto(desktop.url)
        opened.wait_for_selector("#photos .look")
        for disclose in opened.locator(".disclose").all():
            disclose.evaluate("button => button.click()")
        yield opened


def amiss(page: Page, within: str | None = None) -> list[str]:
    """What is serious, with the elements and what axe says of them."""
    found: list[dict[str, Any]] = Axe().run(page, context=within).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
        if each["impact"] in BAD
    ]


@pytest.mark.parametrize("shade", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_nothing_serious_is_amiss(
    shade: Any, size: tuple[int, int], page: Page, desktop: Desktop
) -> None:
    page.emulate_media(color_scheme=shade)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_selector("body.dark" if shade == "dark" else "body:not(.dark)")
    opinion = Opinion("features", "doubtful", (), {0: "wrong", 1: "doubtful"})
    desktop.engine.publish(opinion=opinion, playing=True)
    tabs = page.get_by_role("tab").all()
    tabs[0].click()
    page.locator("#photos .reason[data-word=wrong]").wait_for()
    assert amiss(page) == []
    for tab in tabs[1:]:
        tab.click()
        assert amiss(page, "#panel") == []
    page.locator("#action-help").click()
    assert amiss(page, "#help") == []
    page.keyboard.press("Escape")
    desktop.window.stand(1)
    page.locator("#through-name").wait_for()
    assert amiss(page, "#scene") == []
    desktop.window.stand()
    page.locator("#through").wait_for(state="hidden")


def test_what_is_amiss_is_noticed(page: Page) -> None:
    page.evaluate("document.body.append(document.createElement('button'))")
    assert "button-name" in amiss(page, "body > button")[0]
    page.evaluate("document.querySelector('body > button:empty').remove()")
