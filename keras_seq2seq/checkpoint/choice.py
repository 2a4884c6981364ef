"""Which of a run's weights are meant."""

from pathlib import Path

from keras_seq2seq.checkpoint.averaging import AVERAGE_DIRECTORY
from keras_seq2seq.checkpoint.manifest import verify
from keras_seq2seq.checkpoint.run_directory import find


def find_weights(run_dir, which=None):
    """The checkpoint that `which` names, intact.

    Args:
        run_dir: path of the run.
        which: `"averaged"`, `"best"`, `"latest"`, a step, or the path of a
            checkpoint. None: the first of these that there is.

    Returns:
        Path.
    """
    run_dir = Path(run_dir)
    averaged = run_dir / AVERAGE_DIRECTORY
    if which is None:
        if averaged.is_dir():
            which = AVERAGE_DIRECTORY
        else:
            which = "best" if (run_dir / "best").exists() else "latest"
    path = Path(str(which))
    if which == AVERAGE_DIRECTORY:
        path = averaged
    elif not path.is_dir():
        return find(run_dir, which)
    verify(path)
    return path
