"""Headless Chromium, the pages that it looks at, and what its console says."""

from __future__ import annotations

import functools
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SITE = Path(__file__).parents[2] / ".nox" / "site"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]
WIDTHS = (1280, 400)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's, which is not downloaded by the library that drives it."""
    found = which("chromium")
    assert found, "no chromium; install it: apt-get install chromium"
    with sync_playwright() as playwright:
        own = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield own
        own.close()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width} wide")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, on a wide and on a narrow screen; its console has to stay silent."""
    own = browser.new_page(viewport={"width": request.param, "height": 900})
    said: list[str] = []
    own.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    own.on("pageerror", lambda error: said.append(str(error)))
    own.on("request", lambda asked: _is_near(asked.url) or said.append(f"asked for {asked.url}"))
    yield own
    own.close()
    assert said == []


@pytest.fixture
def width(page: Page) -> int:
    """Of its screen, in pixels."""
    assert page.viewport_size is not None
    return page.viewport_size["width"]


def _is_near(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The built site, served."""
    assert (SITE / "index.html").exists(), "no site; build it: nox -s docs"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Silent, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def live() -> Iterator[str]:
    """``wce-core playground``, as somebody starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "wce_core", "playground", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address)
            yield address
        finally:
            program.terminate()


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")
