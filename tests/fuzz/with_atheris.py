"""Coverage-guided fuzzing of one target, with Google's atheris.

pip install atheris
python -m tests.fuzz.with_atheris yaml -max_total_time=600 -rss_limit_mb=2048
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["keras_seq2seq"]):
    from keras_seq2seq.errors import UserError
    from tests.fuzz.targets import run, targets


def main():
    """Fuzzes from the valid inputs on, until an option or a finding ends it."""
    target = targets()[sys.argv.pop(1)]
    corpus = tempfile.mkdtemp(prefix="keras_seq2seq-corpus-")
    for number, seed in enumerate(target.seeds):
        (Path(corpus) / str(number)).write_bytes(seed)

    def one_input(content):
        try:
            run(target, content)
        except UserError:
            pass

    atheris.Setup([*sys.argv, corpus], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
