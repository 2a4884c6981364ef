"""Settings chosen from what is known of the data, without a configuration.

The rules are those of the recipes in `zoo/` between which they interpolate;
`docs/experiments.md` has the measurements behind them. Pure functions: from
the same `Facts` come the same settings.
"""

import math
from typing import NamedTuple

MODEL = "AttentionSeq2Seq"
SHORT_LINE = 20  # characters; longer lines without spaces are cut to subwords
VERY_FEW_TYPES = 300  # different words, which give no subwords worth having
FEW_TYPES = 1000  # different words that can all be outputs
TYPICAL_COUNT = 30  # occurrences of a word where words are symbols
# Share of letters that two sides of one script have in common: 0.78 in
# Multi30k's English and German, whose recipe has one vocabulary.
COMMON_ALPHABET = 0.6
SMALL = 20_000  # pairs
EVALUATIONS = 14  # of a run, but
LEAST_EVERY = 50  # steps from one to the next, and
# that takes about as long as training on as many pairs as are held out: so
# often the training between two of them.
TRAINING_PER_EVALUATION = 10
SHARE_OF_TRAINING = 0.88  # of the time; the rest is evaluations and start-up
LEARNING_RATE = 1e-3
LEARNING_RATE_OF_LSTMS = 7e-4  # whose loss jumps at higher ones
FINAL_LEARNING_RATE = 2e-5
BATCH_SIZE = 64  # pairs


class Side(NamedTuple):
    """What is known of the source or the target lines.

    Attributes:
        words: int. Words, cut at spaces, in all lines.
        types: int. Different words.
        letters: int. Different characters, spaces left out.
        characters: int. Characters in all lines, spaces left out.
        longest_words: int. Words of all but the longest 0.5 % of the lines.
        longest_characters: int. Characters, spaces included, of the same.
    """

    words: int
    types: int
    letters: int
    characters: int
    longest_words: int
    longest_characters: int


class Pace(NamedTuple):
    """How a machine trains the chosen model.

    Attributes:
        steps_per_minute: float.
        steps_per_pass: int. Steps in which every pair is read once.
    """

    steps_per_minute: float
    steps_per_pass: int


class Facts(NamedTuple):
    """What is known of a parallel text.

    Attributes:
        pairs: int. For training.
        held_out: int. Pairs for development.
        source: Side.
        target: Side.
        shared_letters: float in [0, 1]. The mass that the distributions of
            letters on both sides have in common.
        bfloat16: bool. Whether the processor multiplies bfloat16 numbers.
    """

    pairs: int
    held_out: int
    source: Side
    target: Side
    shared_letters: float
    bfloat16: bool


def tokens_of(side, pairs):
    """How a side is cut: `"characters"`, `"words"` or `"subwords"`."""
    if _without_spaces(side, pairs):
        short = side.characters <= SHORT_LINE * pairs
        return "characters" if short else "subwords"
    few = side.types <= FEW_TYPES
    frequent = side.words >= TYPICAL_COUNT * side.types
    if (few and frequent) or side.types <= VERY_FEW_TYPES:
        return "words"
    return "subwords"


def settings(facts, model=MODEL):
    """Settings of a configuration, but for data, limits and steps.

    Args:
        facts: Facts.
        model: str. AttentionSeq2Seq or BasicSeq2Seq.

    Returns:
        dict, as a configuration file holds it.
    """
    kinds = [
        tokens_of(side, facts.pairs) for side in (facts.source, facts.target)
    ]
    symbols = kinds[1] != "subwords"
    small = facts.pairs < SMALL
    return {
        "model": model,
        "model_params": {
            **_text(facts, kinds),
            **_network(small or symbols, attends=model == MODEL),
            "inference.max_decode_length": (
                _longest(facts.target, facts.pairs) + 1
            ),
            **_optimizer(small or symbols),
            "inference.beam_search.beam_width": 5,
            "inference.beam_search.length_penalty_weight": (
                0.0 if symbols else 1.0
            ),
        },
        "prepare": _prepare(facts, kinds),
        "label_smoothing": 0.1,
        "batch_size": BATCH_SIZE,
        "buckets": "auto:10",
        "precision": "mixed_bfloat16" if facts.bfloat16 else "float32",
        "dev_decoding": _scores(facts, kinds),
        "keep_best": 5,
        "keep_checkpoint_max": 5,
        "average": {"kind": "best", "count": 5},
        "tf_random_seed": 1,
    }


def reconciled(values):
    """Settings with as many weights averaged as best checkpoints are kept."""
    average, kept = values["average"], values["keep_best"]
    if average.get("kind") != "best" or average.get("count", 5) <= kept:
        return values
    fewer = {"kind": "best", "count": kept} if kept else {"kind": "none"}
    return {**values, "average": fewer}


def _scores(facts, kinds):
    if kinds[1] != "subwords":
        return {"metric": ["wer", "per"]}
    spaces = not _without_spaces(facts.target, facts.pairs)
    return {"metric": ["bleu"], "tokenize": "none" if spaces else "char"}


def _without_spaces(side, pairs):
    return side.words <= 1.2 * pairs


def most_passes(pairs):
    """After how many readings of the data a run ends, if time is left.

    60 for 8,000 pairs, 33 for 29,000, as in the recipes; 3 at least.
    """
    return max(3, round(60 * (8000 / pairs) ** 0.46))


def schedule(facts, pace, minutes, steps=None):
    """How long a run is: steps, decay of the learning rate, evaluations.

    Args:
        facts: Facts.
        pace: Pace.
        minutes: float or None. For all of it; None sets no limit.
        steps: int or None. Of the run, if the user has chosen them.

    Returns:
        dict of settings.
    """
    if steps is None:
        enough = most_passes(facts.pairs) * pace.steps_per_pass
        limit = math.inf if minutes is None else minutes
        possible = SHARE_OF_TRAINING * limit * pace.steps_per_minute
        steps = max(1, int(min(enough, possible)))
    pass_of_dev = pace.steps_per_pass * facts.held_out / facts.pairs
    every = max(
        LEAST_EVERY,
        math.ceil(steps / EVALUATIONS),
        math.ceil(TRAINING_PER_EVALUATION * pass_of_dev),
    )
    return {
        "train_steps": steps,
        "minutes": minutes,
        "eval_every_n_steps": every,
        "save_checkpoints_steps": every,
        "model_params": {
            "optimizer.lr_warmup_steps": min(300, math.ceil(steps / 20)),
            "optimizer.lr_decay_steps": steps,
            # Other work may slow the machine down.
            **({"optimizer.lr_decay_by_time": True} if minutes else {}),
        },
    }


def subwords(facts, joint):
    """Sizes of the subword vocabularies, source and target.

    8,000 for the 700,000 words of Multi30k's two sides, growing with about
    the fifth root of the words; at most 0.8 of the different words, but more
    than the alphabet has letters, of which a sample may have missed some.
    """

    def size(words, types, letters):
        wanted = round(8000 * (words / 700_000) ** 0.21, -2)
        return int(max(min(wanted, 0.8 * types), 1.2 * letters + 100))

    source, target = facts.source, facts.target
    if joint:
        both = size(
            source.words + target.words,
            1.5 * max(source.types, target.types),
            source.letters + target.letters,
        )
        return both, both
    return tuple(
        size(2 * side.words, side.types, side.letters)
        for side in (source, target)
    )


def _joint(facts, kinds):
    return (
        kinds == ["subwords", "subwords"]
        and facts.shared_letters >= COMMON_ALPHABET
    )


def _text(facts, kinds):
    joint = _joint(facts, kinds)
    names = ("joint.model", "joint.model") if joint else _names(kinds)
    chosen = {
        "vocab_source": names[0],
        "vocab_target": names[1],
        "source.max_seq_len": _longest(facts.source, facts.pairs),
        "target.max_seq_len": _longest(facts.target, facts.pairs),
        "source.reverse": False,
    }
    for side, kind in zip(("source", "target"), kinds, strict=True):
        if kind == "characters":
            chosen[f"{side}.tokenizer"] = "characters"
    if joint:
        chosen["embedding.share"] = "all"
    return chosen


def _names(kinds):
    return [
        f"{side}.model" if kind == "subwords" else f"vocab.{side}.txt"
        for side, kind in zip(("source", "target"), kinds, strict=True)
    ]


def _longest(side, pairs):
    """Tokens kept of a line: twice what all but the longest 0.5 % have."""
    longest = (
        side.longest_characters
        if _without_spaces(side, pairs)
        else side.longest_words
    )
    return max(20, min(2 * longest, 400))


def _prepare(facts, kinds):
    if _joint(facts, kinds):
        files = ["train.source", "train.target"]
        size, _ = subwords(facts, joint=True)
        return [
            {
                "output": "joint.model",
                "kind": "bpe",
                "size": size,
                "files": files,
            }
        ]
    sizes = subwords(facts, joint=False)
    made = []
    for index, side in enumerate(("source", "target")):
        entry = {"output": _names(kinds)[index], "files": [f"train.{side}"]}
        if kinds[index] == "subwords":
            entry |= {"kind": "bpe", "size": sizes[index]}
        else:
            one = {"characters": "character", "words": "word"}
            entry |= {"kind": one[kinds[index]]}
        made.append(entry)
    return made


def _network(small, attends):
    cell = "LayerNormLSTMCell" if small else "GRUCell"
    width = 128 if small else 256
    scale = 0.08 if small else 0.05
    # As in the recipe: one product per step instead of two.
    gates = {} if small else {"reset_after": True}
    return {
        "embedding.dim": width,
        "embedding.init_scale": 0.1 if small else 0.04,
        "embedding.dropout_keep_prob": 0.7,
        "output.dropout_keep_prob": 0.6,
        **({"attention.params": {"num_units": width}} if attends else {}),
        "bridge.class": "InitialStateBridge",
        "encoder.params": {
            "init_scale": scale,
            "rnn_cell": {
                "cell_class": cell,
                "cell_params": {"num_units": 256, **gates},
                "dropout_output_keep_prob": 0.6,
            },
        },
        "decoder.params": {
            "init_scale": scale,
            **({"input_feeding": small} if attends else {}),
            "rnn_cell": {
                "cell_class": cell,
                "cell_params": {"num_units": 512, **gates},
                "dropout_output_keep_prob": 0.7,
            },
        },
    }


def _optimizer(small):
    return {
        "optimizer.name": "Adam",
        "optimizer.learning_rate": (
            LEARNING_RATE_OF_LSTMS if small else LEARNING_RATE
        ),
        "optimizer.lr_decay_type": "polynomial_decay",
        "optimizer.lr_end_learning_rate": FINAL_LEARNING_RATE,
        "optimizer.clip_gradients": 1.0,
    }
