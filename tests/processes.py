"""Python processes of their own, for what one process cannot test."""

import os
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


def shell(script, folder):
    """Runs a script of a page, `keras-seq2seq` being this tree's.

    Args:
        script: text for bash, which stops at the first error.
        folder: Path. Where it is run; the program stands in a `bin` beside.

    Returns:
        what it printed.
    """
    program = folder.parent / "bin" / "keras-seq2seq"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m keras_seq2seq "$@"\n'
    )
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
