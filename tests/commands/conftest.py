import io
import sys

import pytest


@pytest.fixture
def standard_input(monkeypatch):
    """Gives text or bytes to the command that runs next."""

    def give(content):
        content = content.encode() if isinstance(content, str) else content
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give
