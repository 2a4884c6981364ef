"""The weights that a run begins with, where they come from another run."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_seq2seq.checkpoint import replace_text, verify
from keras_seq2seq.checkpoint.array_files import read_hdf5
from keras_seq2seq.checkpoint.averaging import WEIGHTS_FILE
from keras_seq2seq.checkpoint.choice import find_weights
from keras_seq2seq.checkpoint.manifest import MANIFEST_FILE
from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.checkpoint.variable_value import variable_value
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run
from keras_seq2seq.tokens import FIRST_WORD

ACCOUNT_FILE = "initial_weights.txt"
SIDES = ("source", "target")
SOURCE_TABLE, TARGET_TABLE = "embed_source/table", "embed_target/table"
# Variables with an entry per token: the axis of the entries, the vocabulary.
TOKEN_AXES = {
    SOURCE_TABLE: (0, "source"),
    TARGET_TABLE: (0, "target"),
    "to_logits/kernel": (1, "target"),
    "to_logits/bias": (0, "target"),
}
OTHER_SHAPE = "of another shape, so as initialised"
NEW = "new, so as initialised"
GROUPS = ("loaded", "loaded by token", OTHER_SHAPE, NEW)
MOST_SHOWN = 400  # characters of a line of the account


class Copied(NamedTuple):
    """Entries of a variable that came from another one, token by token.

    Attributes:
        tokens: int. Entries that were found.
        of: int. Entries that the variable has.
        there: int. Entries that the other one had.
    """

    tokens: int
    of: int
    there: int

    def __str__(self):
        there = f" (there {self.there:,})" if self.there != self.of else ""
        return f"{self.tokens:,} of {self.of:,}{there}"


def initial_weights(config, model, tokenizers):
    """Gives a new model what `init_from` and VariableRestoreHooks name.

    Args:
        config: Config.
        model: built `Seq2Seq`, its weights just initialised.
        tokenizers: its pair (source, target).

    Returns:
        list of str: an account of what came from where, for people; empty
        where nothing was asked for.

    Raises:
        UserError: nothing to read, or nothing in it that fits.
    """
    told = []
    if config.init_from is not None:
        told += start_from(model, tokenizers, config.init_from)
    for hook in config.hooks:
        if hook.class_name == "VariableRestoreHook":
            params = hook.params
            told.append(restore(model, params.prefix, params.checkpoint_path))
    return told


def write_account(directory, lines):
    """Writes `initial_weights.txt` into a run, if there is anything to tell."""
    if lines:
        replace_text(Path(directory) / ACCOUNT_FILE, "\n".join(lines) + "\n")


def shortened(line):
    """A line of the account for the start banner; the file has all of it."""
    if len(line) <= MOST_SHOWN:
        return line
    return f"{line[:MOST_SHOWN]} ... (all of it: {ACCOUNT_FILE})"


def start_from(model, tokenizers, path):
    """Copies the weights of another run, as far as they fit.

    Token embeddings and the output projection are copied token by token,
    other variables where name and shape agree. All else stays as it is.

    Args:
        model: built `Seq2Seq`.
        tokenizers: its pair (source, target).
        path: run directory, or one checkpoint in it.

    Returns:
        list of str, the account.

    Raises:
        UserError: no such run, or nothing in it fits.
    """
    weights, run_dir = _find(path, "init_from")
    stored = read_hdf5(weights / WEIGHTS_FILE)
    then = dict(zip(SIDES, read_run(run_dir).tokenizers, strict=True))
    _check_vocabularies(stored, then, run_dir)
    now = dict(zip(SIDES, tokenizers, strict=True))
    variables = weight_names(model)
    account = {title: [] for title in GROUPS}
    used = set()
    for name, variable in variables.items():
        origins = _origins(name, variables, stored)
        used |= {origin for origin, _ in origins}
        arrays = [(stored[origin], then.get(side)) for origin, side in origins]
        title, detail = _take(name, variable, arrays, now)
        account[title].append(f"{name}{detail}")
    account["not used"] = sorted(stored.keys() - used)
    # The special tokens' biases fit any model.
    fitting = [*account["loaded"], *account["loaded by token"]]
    if {each.partition(" ")[0] for each in fitting} <= {"to_logits/bias"}:
        raise UserError(
            f"init_from: nothing in {weights} fits this model: no variable "
            "has the name and the shape of one here. Type the model_params of "
            f"that run, which are in {run_dir}/config.json"
        )
    lines = [f"Weights:    from {weights}, of {len(variables)} variables"]
    for title, names in account.items():
        if names:
            lines.append(f"  {len(names)} {title}: {', '.join(names)}")
    return lines


def _take(name, variable, arrays, tokenizers):
    """Gives a variable what fits of the arrays it may come from.

    Args:
        name: str.
        variable: `keras.Variable`, changed.
        arrays: list of pairs of an array and the tokenizer of its entries,
            None for variables without entries of tokens.
        tokenizers: dict `{side: Tokenizer}` of the model.

    Returns:
        one of `GROUPS`, and what else there is to say.
    """
    if not arrays:
        return NEW, ""
    axis, side = TOKEN_AXES.get(name, (None, None))
    shape = _without(axis, variable.shape)
    fitting = [one for one in arrays if _without(axis, one[0].shape) == shape]
    if not fitting:
        there = arrays[0][0].shape
        return OTHER_SHAPE, f" (here {tuple(variable.shape)}, there {there})"
    if side is None:
        variable.assign(fitting[0][0])
        return "loaded", ""
    origins = [(array, _tokens(tokenizer)) for array, tokenizer in fitting]
    copied = _copy_tokens(variable, axis, _tokens(tokenizers[side]), origins)
    return "loaded by token", f" {copied}"


def _without(axis, shape):
    """A shape without its axis of tokens, if it has one."""
    return tuple(n for i, n in enumerate(shape) if i != axis)


def restore(model, prefix, path):
    """Copies variables of one name, as google/seq2seq's VariableRestoreHook.

    A variable that the checkpoint does not have is looked up without the part
    of `prefix` before its last `/`, for checkpoints of a part of the model.

    Args:
        model: built `keras.Model`.
        prefix: str. The names of the variables begin so; empty for all.
        path: a checkpoint, or a run directory.

    Returns:
        str: what was copied.

    Raises:
        UserError: with a list of what is missing, or has another shape.
    """
    weights, _ = _find(path, "VariableRestoreHook: checkpoint_path")
    stored = read_hdf5(weights / WEIGHTS_FILE)
    variables = weight_names(model)
    wanted = {n: v for n, v in variables.items() if n.startswith(prefix)}
    if not wanted:
        scopes = sorted({name.partition("/")[0] for name in variables})
        raise UserError(
            f"VariableRestoreHook: no variable's name begins with {prefix!r}. "
            f"Names begin with {', '.join(scopes)}"
        )
    scope = prefix[: prefix.rfind("/") + 1]
    origins = {
        name: name if name in stored else name.removeprefix(scope)
        for name in wanted
    }
    faults = [
        f"{name}: here {tuple(variable.shape)}, there "
        + str(getattr(stored.get(origins[name]), "shape", "missing"))
        for name, variable in wanted.items()
        if origins[name] not in stored
        or stored[origins[name]].shape != variable.shape
    ]
    if faults:
        raise UserError(
            f"VariableRestoreHook: {weights} does not fit the model:\n  "
            + "\n  ".join(faults)
        )
    for name, variable in wanted.items():
        variable.assign(stored[origins[name]])
    return (
        f"Restored:   {len(wanted)} variables that begin with {prefix!r} from "
        f"{weights}"
    )


def _find(path, key):
    """The directory of the weights that `path` means, and of their run."""
    if not path:
        raise UserError(f"{key} is required: a checkpoint or a run directory")
    path = Path(path)
    if (path / MANIFEST_FILE).exists():
        verify(path)
        return path, path.parent
    try:
        read_run(path)
        return find_weights(path), path
    except UserError as error:
        raise UserError(f"{key}: {error}") from error


def _tokens(tokenizer):
    """`{token: id}` of a vocabulary; special tokens are their own ids."""
    pieces = tokenizer.pieces(range(tokenizer.vocabulary_size))
    words = dict(enumerate(pieces))
    ids = {number: number for number in range(FIRST_WORD)}
    for number in range(FIRST_WORD, len(words)):
        ids.setdefault(words[number], number)
    return ids


def _check_vocabularies(stored, tokenizers, run_dir):
    """Refuses weights that are not those of the vocabularies beside them."""
    for name, (axis, side) in TOKEN_AXES.items():
        if name not in stored:
            continue
        size = tokenizers[side].vocabulary_size
        if stored[name].shape[axis] != size:
            raise UserError(
                f"init_from: {run_dir} has {size} {side} tokens, and weights "
                f"of {stored[name].shape[axis]} in {name}. Copy the run "
                "directory again, as a whole."
            )


def _origins(name, variables, stored):
    """Where a variable comes from: names there, with their vocabularies."""
    side = TOKEN_AXES.get(name, (None, None))[1]
    found = [(name, side)] if name in stored else []
    if name == SOURCE_TABLE and not found and TARGET_TABLE in stored:
        found = [(TARGET_TABLE, "source")]  # shared there
    if name == TARGET_TABLE and SOURCE_TABLE not in variables:
        found += [(SOURCE_TABLE, "source")] * (SOURCE_TABLE in stored)
    return found


def _copy_tokens(variable, axis, tokens, origins):
    """Copies entries token by token, from the first origin that has one.

    Args:
        variable: `keras.Variable`, changed.
        axis: int. Of the entries.
        tokens: dict `{token: entry}` of the variable.
        origins: list of pairs of an array and its `{token: entry}`; all of
            the variable's shape but for the number of entries.

    Returns:
        Copied.
    """
    value = np.moveaxis(variable_value(variable), axis, 0)
    left = tokens
    for array, ids in origins:
        pairs = [(left[token], ids[token]) for token in left if token in ids]
        here, there = np.array(pairs, int).reshape(-1, 2).T
        value[here] = np.moveaxis(array, axis, 0)[there]
        left = {token: left[token] for token in left if token not in ids}
    variable.assign(np.moveaxis(value, 0, axis))
    there = origins[0][0].shape[axis]
    return Copied(len(tokens) - len(left), len(value), there)
