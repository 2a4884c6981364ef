import gc
import itertools
import logging
import weakref

import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks.bucketing import Bucketing
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError


def graded(count=61, longest=9):
    """Pairs whose first source word is their number; lengths cycle."""
    tokenizer = DelimiterTokenizer(Vocabulary([str(i) for i in range(count)]))
    lengths = [1 + i % longest for i in range(count)]
    return ParallelText.from_texts(
        [" ".join([str(i)] * n) for i, n in enumerate(lengths)],
        [" ".join([str(i)] * (n + 1)) for i, n in enumerate(lengths)],
        source_tokenizer=tokenizer,
    )


PAIRS = graded()


def position(bucketing):
    state = bucketing.get_state()
    return {key: state[key] for key in ("epoch", "step")}


@keras.saving.register_keras_serializable("bucketing_test")
class Seen(keras.Model):
    """Notes the first source word of every row that it is trained on."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.dense = keras.layers.Dense(1)

    def call(self, inputs):
        return self.dense(keras.ops.cast(inputs["target"], "float32")[:, :1])

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        real = keras.ops.convert_to_numpy(sample_weight).sum(axis=1) > 0
        self.rows.append(keras.ops.convert_to_numpy(x["source"])[real, 0])
        return keras.ops.mean(y_pred**2)


def train(bucketing, **options):
    model = Seen()
    model.compile("sgd", run_eagerly=True)
    options = {"verbose": 0, "shuffle": False} | options
    model.fit(callbacks=[bucketing], **options)
    return model.rows[-options.pop("rows", len(model.rows)) :]


def first_words(batches):
    return [
        inputs["source"].numpy()[weights.numpy().sum(axis=1) > 0, 0]
        for inputs, _, weights in batches
    ]


def same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_each_epoch_of_a_plain_fit_is_a_new_pass():
    bucketing = Bucketing(PAIRS, 4, boundaries=[4, 7])
    seen = train(bucketing, x=bucketing.dataset, epochs=3)
    steps = bucketing.steps_per_epoch
    seen = seen[-3 * steps :]  # Keras may build the model on one batch
    passes = [seen[i * steps : (i + 1) * steps] for i in range(3)]
    for one in passes:
        assert sorted(np.concatenate(one)) == list(range(4, 65))
    orders = {tuple(np.concatenate(one)) for one in passes}
    assert len(orders) == 3
    assert position(bucketing) == {"epoch": 3, "step": 0}


def test_a_stream_gives_the_batches_of_the_passes():
    bucketing = Bucketing(PAIRS, 4)
    seen = train(bucketing, x=bucketing.stream, steps_per_epoch=5, epochs=7)
    stream = Bucketing(PAIRS, 4).stream
    same(seen[-35:], first_words(itertools.islice(stream, 35)))
    steps = bucketing.steps_per_epoch
    assert position(bucketing) == {"epoch": 35 // steps, "step": 35 % steps}


@pytest.mark.parametrize("batches", [1, 7, 15, 16, 17, 40])
def test_a_restored_state_continues_the_run(batches):
    fresh = Bucketing(PAIRS, 4, boundaries="auto")
    expected = first_words(itertools.islice(fresh.stream, batches, batches + 9))
    stopped = Bucketing(PAIRS, 4, boundaries="auto")
    train(stopped, x=stopped.stream, steps_per_epoch=batches)
    resumed = Bucketing(PAIRS, 4, boundaries="auto")
    resumed.set_state(stopped.get_state())
    seen = train(resumed, x=resumed.stream, steps_per_epoch=9)
    same(seen[-9:], expected)


def test_a_dataset_begun_inside_a_pass_runs_on_into_the_next():
    bucketing = Bucketing(PAIRS, 4)
    steps = bucketing.steps_per_epoch
    expected = first_words(itertools.islice(bucketing.stream, 5, 5 + steps))
    bucketing.set_state({"epoch": 0, "step": 5})
    same(first_words(bucketing.dataset), expected)


def test_looking_at_batches_moves_nothing():
    bucketing = Bucketing(PAIRS, 4)
    before = first_words(bucketing.dataset)
    assert position(bucketing) == {"epoch": 0, "step": 0}
    same(first_words(bucketing.dataset), before)


def test_boundaries_use_the_length_with_end_before_truncation():
    tokenizer = DelimiterTokenizer(Vocabulary(["a"]))
    pairs = ParallelText.from_texts(
        ["a", "a a", "a a a a"], ["a"] * 3,
        source_tokenizer=tokenizer, source_max_length=1,
    )  # fmt: skip
    bucketing = Bucketing(pairs, 1, boundaries=[3, 5])
    rows = [bucket["rows"] for bucket in bucketing.waste()]
    assert rows == [1, 1, 1]


def test_rows_divide_by_the_replicas_in_every_batch():
    for batch_type, size in (("sentences", 6), ("tokens", 40)):
        bucketing = Bucketing(
            PAIRS, size, [4, 7], batch_type=batch_type, replicas=3
        )
        for _, labels, _ in bucketing.dataset:
            assert labels.shape[0] % 3 == 0


def test_a_token_budget_is_kept():
    bucketing = Bucketing(PAIRS, 40, "auto", batch_type="tokens")
    for inputs, labels, _ in bucketing.dataset:
        assert inputs["source"].shape[0] * inputs["source"].shape[1] <= 40
        assert labels.shape[0] * labels.shape[1] <= 40


def test_resampling_leaves_no_dummies():
    bucketing = Bucketing(PAIRS, 4, [4, 7], fill_up="resample")
    batches = list(bucketing.dataset)
    assert len(batches) == bucketing.steps_per_epoch
    for _, _, weights in batches:
        assert (weights.numpy()[:, 0] == 1).all()


def test_waste_is_what_the_batches_hold():
    bucketing = Bucketing(PAIRS, 4, [4, 7])
    real = cells = 0
    for inputs, labels, weights in bucketing.dataset:
        used = weights.numpy()[:, 0] > 0
        real += (inputs["source"].numpy()[used] != 0).sum()
        real += weights.numpy().sum()
        cells += inputs["source"].numpy().size + labels.numpy().size
    waste = bucketing.waste()
    assert sum(bucket["real"] for bucket in waste) == real
    assert sum(bucket["cells"] for bucket in waste) == cells
    assert [bucket["lengths"] for bucket in waste] == [
        (0, 4), (4, 7), (7, None),
    ]  # fmt: skip


def test_automatic_boundaries_waste_less_than_none():
    pairs = graded(600, 40)

    def share(boundaries):
        waste = Bucketing(pairs, 8, boundaries).waste()
        real = sum(bucket["real"] for bucket in waste)
        return 1 - real / sum(bucket["cells"] for bucket in waste)

    assert share("auto") < 0.15 < 0.4 < share(None)


def test_waste_is_logged_at_the_end_of_each_pass(caplog):
    caplog.set_level(logging.INFO, "keras_seq2seq")
    bucketing = Bucketing(PAIRS, 8)
    train(bucketing, x=bucketing.dataset, epochs=2)
    assert "Pass 1, lengths (0, None): 64 rows" in caplog.text
    assert "Pass 2" in caplog.text


def test_wrong_arguments_are_refused():
    for options in (
        {"boundaries": "best"},
        {"boundaries": [5, 5]},
        {"fill_up": "yes"},
        {"batch_type": "words"},
        {"replicas": 3},
    ):
        with pytest.raises(ValueError, match="Received"):
            Bucketing(PAIRS, 4, **options)


def test_a_state_of_other_data_is_refused():
    with pytest.raises(ValueError, match="16 batches"):
        Bucketing(PAIRS, 4).set_state({"epoch": 0, "step": 17})


def test_a_position_in_other_data_is_refused():
    state = Bucketing(graded(longest=8), 4).get_state()
    with pytest.raises(UserError, match="not those with which the run began"):
        Bucketing(PAIRS, 4).set_state(state)


def shapes(bucketing):
    """Shapes of sources and labels of a pass."""
    return [
        (tuple(inputs["source"].shape), tuple(labels.shape))
        for inputs, labels, _ in bucketing.dataset
    ]


def test_pair_buckets_have_one_shape_each_and_hold_every_pair():
    # Targets have one token more than their sources, which have 1 to 9.
    bucketing = Bucketing(PAIRS, 4, {"width": 4})
    assert bucketing.boundaries[-1] == (9, 10)
    fed = {(s + 1, t + 1) for s, t in bucketing.boundaries}
    seen = shapes(bucketing)
    assert {(s[1], t[1]) for s, t in seen} <= fed
    assert {s[0] for s, _ in seen} == {4}
    rows = first_words(bucketing.dataset)
    assert sorted(np.concatenate(rows)) == list(range(4, 65))


def test_without_a_width_there_is_a_single_shape():
    wanted = {"width": None, "max_source": 12, "max_target": 15}
    assert set(shapes(Bucketing(PAIRS, 8, wanted))) == {((8, 13), (8, 16))}


def test_steps_follow_the_ratio_of_the_pairs():
    bucketing = Bucketing(PAIRS, 4, {"width": 5})
    ratio = PAIRS.length_ratio.mean
    assert ratio > 1
    first = bucketing.boundaries[0]
    assert first == (round(5 / ratio), 5)


def test_the_waste_of_pair_buckets_is_what_the_batches_hold():
    bucketing = Bucketing(PAIRS, 4, {"width": 4})
    cells = sum(s[0] * s[1] + t[0] * t[1] for s, t in shapes(bucketing))
    waste = bucketing.waste()
    assert sum(bucket["cells"] for bucket in waste) == cells
    assert [bucket["lengths"] for bucket in waste] == bucketing.boundaries


def test_batches_by_tokens_are_as_wide_as_their_pair_bucket():
    bucketing = Bucketing(PAIRS, 24, {"width": 4}, batch_type="tokens")
    widths = [max(s + 1, t + 1) for s, t in bucketing.boundaries]
    assert bucketing.batch_sizes == [24 // width for width in widths]


def test_filled_up_pair_buckets_make_whole_batches():
    bucketing = Bucketing(
        PAIRS, 8, {"width": 4}, fill_up="resample", fill_up_seed=42
    )
    rows = first_words(bucketing.dataset)
    assert {len(row) for row in rows} == {8}
    assert set(np.concatenate(rows)) == set(range(4, 65))


def test_a_stream_that_was_read_keeps_no_callback_alive():
    bucketing = Bucketing(PAIRS, 7, boundaries="auto:3")
    next(iter(bucketing.stream))
    kept = weakref.ref(bucketing)
    del bucketing
    gc.collect()
    assert kept() is None
