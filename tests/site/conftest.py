"""The built site, served as a host would serve it, and a browser that reads it."""

import functools
import gzip
import mimetypes
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that takes a `page_path` every page that was built."""
    if "page_path" in metafunc.fixturenames:
        if not PAGES:
            raise pytest.UsageError("the site is built first: nox -s docs")
        metafunc.parametrize("page_path", PAGES)


@functools.cache
def compressed(path: Path) -> bytes:
    """Return a file as a server sends it that compresses each file once."""
    return gzip.compress(path.read_bytes(), mtime=0)


def handler(site: Path) -> type[BaseHTTPRequestHandler]:
    """Make a request handler: a site's files, compressed, and its own page where there is none."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = (site / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
            path = path / "index.html" if path.is_dir() else path
            found = path.is_file() and path.is_relative_to(site)
            path = path if found else site / "404.html"
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            small = kind.startswith(COMPRESSED)
            body = compressed(path) if small else path.read_bytes()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            if small:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve a folder on this machine alone, at a free port; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Give the address at which the built site is served."""
    with serving(SITE) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium, which is installed by the system and not by pip."""
    path = os.environ.get("CHROME_PATH") or shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is needed: `apt install chromium`, or set CHROME_PATH to its path.")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Start a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        yield browser
        browser.close()


READER = {
    "viewport": {"width": 1280, "height": 900},
    "color_scheme": "light",
    "reduced_motion": "reduce",
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a tab that knows nothing of other tests: no cache, no theme chosen before."""
    with browser.new_context(**READER) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the text of axe-core, which `npm ci` puts beside these tests."""
    path = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.fail("axe-core is needed: `npm ci` in tests/site, as `nox -s site` does.")
    return path.read_text(encoding="utf-8")
