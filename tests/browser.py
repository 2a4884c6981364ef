"""A browser without a window, for tests of pages."""

import os
import shutil
import subprocess

import pytest

NAMES = (
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "chrome",
)


def document_after_scripts(path):
    """The page as a browser has it once its scripts have run, as HTML.

    Skips the test where there is no browser.
    """
    found = filter(None, map(shutil.which, NAMES))
    browser = os.environ.get("CHROMIUM") or next(found, None)
    if browser is None:
        pytest.skip("needs Chromium on the PATH, or its path in CHROMIUM")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        + [f"--user-data-dir={path.parent / 'profile'}", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout
