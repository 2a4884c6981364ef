"""Python processes of their own, for what one process cannot test."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def python(*arguments, **options):
    """Runs Python to its end.

    Args:
        arguments: of the interpreter, made text.
        **options: of `subprocess.run`.

    Returns:
        `CompletedProcess` with `returncode`, `stdout` and `stderr`.
    """
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        **{
            "cwd": REPOSITORY,
            "capture_output": True,
            "text": True,
            "check": False,
            **options,
        },
    )
