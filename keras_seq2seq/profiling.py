"""Where a model's parameters are, and where its time goes."""

import collections
import math
from pathlib import Path

import numpy as np

from keras_seq2seq import recipe
from keras_seq2seq.checkpoint import replace_text
from keras_seq2seq.checkpoint.storage import make_directory
from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.errors import UserError
from keras_seq2seq.freezing import freeze
from keras_seq2seq.operations import products
from keras_seq2seq.run_files import read_run
from keras_seq2seq.views.step_trace import PHASES, newest_trace, read_trace

DIRECTORY = "profile"
ASSUMED_LENGTH = 20  # tokens of either side, where no text tells
LEAST_MICROSECONDS = 1000  # of an operation in `micro`
HOW_TO_TRACE = (
    "No step of this run was traced, so no times are known. Add the hook "
    "MetadataCaptureHook, which traces one step: train ... --hooks "
    "'[{class: MetadataCaptureHook, params: {step: 10}}]'"
)


def profile(run_dir, data=None, allowed=()):
    """Writes the reports of a run to `profile/` in its directory.

    Args:
        run_dir: path of the run.
        data: pair of paths (source, target), whose lengths count; None for
            the development data of the run.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict from a report's name to its lines: `params` and `flops`, and with
        a trace `phases`, `micro` and `device`.

    Raises:
        UserError: no run, or no such data.
    """
    run = read_run(run_dir)
    model = recipe.model(run.config, run.tokenizers, allowed=allowed)
    freeze(model, run.config.freeze)
    reports = {
        "params": parameter_table(weight_names(model)),
        "flops": _operation_table(model, run, data, allowed),
    }
    found = newest_trace(run_dir)
    if found is not None:
        trace = read_trace(found)
        reports["phases"] = phase_table(trace)
        reports["micro"] = slow_operations(trace)
        reports["device"] = device_table(trace)
    directory = Path(run_dir) / DIRECTORY
    make_directory(directory)
    for name, lines in reports.items():
        replace_text(directory / f"{name}.txt", "\n".join(lines) + "\n")
    return reports


def parameter_table(variables):
    """Lines about variables, the largest first.

    Args:
        variables: dict `{name: keras.Variable}`.
    """
    counts = {name: math.prod(v.shape) for name, v in variables.items()}
    sizes = {
        name: counts[name] * np.dtype(v.dtype).itemsize
        for name, v in variables.items()
    }
    total, everything = sum(counts.values()), sum(sizes.values())
    rows = [
        [
            name,
            "x".join(map(str, variables[name].shape)),
            f"{counts[name]:,}",
            f"{sizes[name]:,}",
            f"{sizes[name] / everything:.1%}",
            "" if variables[name].trainable else "frozen",
        ]
        for name in sorted(sizes, key=sizes.get, reverse=True)
    ]
    rows.append(["total", "", f"{total:,}", f"{everything:,}", "100.0%", ""])
    return _table(
        ["variable", "shape", "parameters", "bytes", "share", ""], rows
    )


def _operation_table(model, run, data, allowed):
    lengths, told = _lengths(run, data, allowed)
    if run.tokenizers[0] is None:
        # A cell of the map is to attention what a word is elsewhere.
        lengths[:, 0] = 1 if model.encoder.pool else model.encoder.map_cells
        told += ", without the network that reads pictures"
    source, target = lengths.T
    tokens = int(target.sum())
    found = products(
        model,
        rows=len(lengths),
        reads=int(source.sum()),
        writes=tokens,
        pairs=int((source * target).sum()),
        real=tokens,
    )
    total = sum(found.values())
    rows = [
        [name, f"{found[name] / tokens:,.0f}", f"{found[name] / total:.1%}"]
        for name in sorted(found, key=found.get, reverse=True)
    ]
    rows.append(["total, forward", f"{total / tokens:,.0f}", "100.0%"])
    rows.append(["total, training", f"{3 * total / tokens:,.0f}", ""])
    return [
        "Multiplications and additions of products, per target token with END",
        f"Lengths: {told}, {source.mean():.1f} source and {target.mean():.1f} "
        "target tokens on the average",
        "",
        *_table(["product", "FLOP", "share"], rows),
    ]


def _lengths(run, data, allowed):
    """Lengths of pairs, END included, `(N, 2)`, and whose they are."""
    params, pipeline = run.config.model_params, run.config.input_pipeline_dev
    if data is not None and run.tokenizers[0] is None:
        raise UserError("Texts are for models of text. Received: Image2Seq.")
    if data is not None:
        pairs = ParallelText(
            *data,
            source_tokenizer=run.tokenizers[0],
            target_tokenizer=run.tokenizers[1],
            source_max_length=params.source_max_seq_len,
            target_max_length=params.target_max_seq_len,
            append_end=params.source_append_end,
        )
        told = str(data[0])
    elif pipeline is None:
        return _assumed("the run has no development data")
    else:
        try:
            pairs = recipe.corpus(
                pipeline, params, run.tokenizers, allowed=allowed
            )
            told = "development data"
        except UserError:  # they are elsewhere by now
            return _assumed("the development data are not there")
    lengths = [pairs.source_lengths, pairs.target_lengths]
    return np.stack(lengths, axis=1).astype(np.int64), told


def _assumed(why):
    lengths = np.full((1, 2), ASSUMED_LENGTH, np.int64)
    return lengths, f"assumed, {why}"


def phase_table(trace):
    """Lines about the phases of the traced step."""
    sums, counts = collections.Counter(), collections.Counter()
    for each in trace.operations:
        sums[each.phase] += each.microseconds
        counts[each.phase] += 1
    total = sum(sums.values()) or 1.0
    rows = [
        [
            phase,
            f"{sums[phase] / 1e3:.2f}",
            f"{sums[phase] / total:.1%}",
            f"{counts[phase]:,}",
        ]
        for phase in PHASES
    ]
    step = "A step" if trace.step is None else f"Step {trace.step + 1}"
    return [
        f"{step} took {trace.microseconds / 1e3:.2f} ms. Operations run side "
        "by side, so their times add up to another sum.",
        "",
        *_table(["phase", "ms", "share", "operations"], rows),
    ]


def slow_operations(trace):
    """Lines about operations of 1000 microseconds and more in the step."""
    sums, counts = collections.Counter(), collections.Counter()
    for each in trace.operations:
        key = (each.kind, each.phase, each.device, each.name)
        sums[key] += each.microseconds
        counts[key] += 1
    rows = [
        [f"{spent / 1e3:.2f}", f"{counts[key]:,}", *key]
        for key, spent in sums.most_common()
        if spent >= LEAST_MICROSECONDS
    ]
    header = ["ms", "times", "type", "phase", "device", "operation"]
    return _table(header, rows)


def device_table(trace):
    """Lines about the devices that the step ran on."""
    sums, counts = collections.Counter(), collections.Counter()
    for each in trace.operations:
        sums[each.device] += each.microseconds
        counts[each.device] += 1
    rows = [
        [device, f"{spent / 1e3:.2f}", f"{counts[device]:,}"]
        for device, spent in sums.most_common()
    ]
    return _table(["device", "ms", "operations"], rows)


def _table(header, rows):
    """Lines of columns; numbers, and what stands above them, to the right."""
    columns = list(zip(header, *rows, strict=True))
    padded = [_column(column) for column in columns]
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def _column(cells):
    width = max(map(len, cells))
    if any(cell[:1].isdigit() for cell in cells):
        return [cell.rjust(width) for cell in cells]
    return [cell.ljust(width) for cell in cells]
