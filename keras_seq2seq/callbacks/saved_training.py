"""What a checkpoint holds beside the model: callbacks, position, the run's."""

import collections
import json
import logging

from keras_seq2seq.checkpoint.array_files import read_zip, write_zip
from keras_seq2seq.checkpoint.manifest import DamagedCheckpointError
from keras_seq2seq.checkpoint.storage import write_bytes
from keras_seq2seq.errors import UserError

STATE_FILE = "state.json"
ARRAYS_FILE = "callbacks.npz"


def collect(callbacks):
    """Copies the state of callbacks.

    Args:
        callbacks: sequence of objects with `get_state()` (JSON) and
            optionally `get_arrays()` (`{name: array}`).

    Returns:
        dict `{name: state}` and dict `{name/key: array}`; a name is the
        class's, numbered where there are several.
    """
    states, arrays = {}, {}
    for name, callback in _named(callbacks).items():
        states[name] = callback.get_state()
        for key, array in getattr(callback, "get_arrays", dict)().items():
            arrays[f"{name}/{key}"] = array.copy()
    return states, arrays


def give_back(callbacks, states, arrays):
    """Gives callbacks what `collect` copied; says which ones start anew."""
    for name, callback in _named(callbacks).items():
        if name not in states:
            logging.getLogger("keras_seq2seq").warning(
                "The checkpoint has no state of %s: it starts anew.", name
            )
            continue
        if hasattr(callback, "set_arrays"):
            callback.set_arrays(_beginning(f"{name}/", arrays))
        callback.set_state(states[name])


def write_training(directory, state, arrays):
    """Writes a JSON state and arrays into a checkpoint in the making."""
    try:
        text = json.dumps(state, indent=1) + "\n"
    except (TypeError, ValueError) as error:
        raise UserError(
            "get_state() of a callback must return what JSON can hold "
            f"({error}). Received from {', '.join(_without_json(state))}"
        ) from error
    write_bytes(directory / STATE_FILE, text.encode())
    write_zip(directory / ARRAYS_FILE, arrays)


def read_training(directory):
    """Reads what `write_training` wrote.

    Raises:
        DamagedCheckpointError: if it is missing or malformed.
    """
    path = directory / STATE_FILE
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedCheckpointError(
            f"{path} cannot be read: {error}"
        ) from error
    return state, read_zip(directory / ARRAYS_FILE)


def _without_json(state):
    """Names of the callbacks whose state JSON cannot hold."""
    for name, one in state["callbacks"].items():
        try:
            json.dumps(one)
        except (TypeError, ValueError):
            yield name


def _beginning(prefix, arrays):
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _named(callbacks):
    counts = collections.Counter()
    named = {}
    for callback in callbacks:
        name = type(callback).__name__
        number = counts[name]
        counts[name] += 1
        named[f"{name}_{number}" if number else name] = callback
    return named
