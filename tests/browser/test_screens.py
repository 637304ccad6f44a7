"""Pages of the site in a browser: nothing fails, nobody else is asked, and narrow is enough."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

PAGES = ("", "how-to/from-pytorch/", "how-to/nan/", "gallery/", "api/losses/", "habits/")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "home")
def test_a_page_fits(page: Page, site: str, path: str, width: int) -> None:
    page.goto(f"{site}/{path}")
    expect(page.locator("h1").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pictures = "Array.from(document.images, image => image.complete && image.naturalWidth > 0)"
    page.wait_for_load_state("networkidle")
    assert all(page.evaluate(pictures))


def test_search_finds_a_function(page: Page, site: str, width: int) -> None:
    page.goto(site)
    if width < 600:
        page.locator("label[for=__search]").first.click()
    page.locator("input.md-search__input").fill("binary_focal_cross_entropy")
    found = page.locator("a.md-search-result__link", has_text="binary_focal_cross_entropy").first
    expect(found).to_be_visible(timeout=20_000)


def test_dark_mode(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/playground/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    expect(page.frame_locator("iframe").locator("html")).to_have_class("dark")


def test_tabs_of_the_front_page(page: Page, site: str) -> None:
    page.goto(site)
    page.locator(".tabbed-labels label", has_text="JAX").click()
    expect(page.locator("text=jax.jit(jax.value_and_grad(loss))").first).to_be_visible()
