import keras
import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import BeamSearch, GreedySearch, Limits
from keras_seq2seq.tokens import END, UNKNOWN

OPTIONS = [
    {},
    {"length_penalty": 0.6},
    {"length_penalty": 2.0},
    {"length_penalty": 1.0, "penalty_offset": 0.0, "count_end": True},
    {"coverage_penalty": 0.7},
    {"coverage_penalty": 0.3, "length_penalty": 1.0},
    {"ban_unknown": True},
]


def assert_same(found, expected):
    """Equal tokens; numbers to rounding (a vector's power may differ)."""
    for row, other in zip(found, expected, strict=True):
        for (*numbers, tokens), (*others, words) in zip(
            row, other, strict=True
        ):
            assert tokens == words
            np.testing.assert_allclose(numbers, others, rtol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("min_length", [0, 2])
def test_wide_beam_finds_what_enumeration_finds(
    tiny_model, results, options, min_length
):
    # 3 words and 4 steps: at most 81 live and 40 finished hypotheses.
    model = tiny_model(seed=1)
    search = BeamSearch(width=121, n_best=4, **options)
    found = results(search, model, Limits(4, min_length))
    for row in range(model.batch):
        best = model.ranked(row, search, 4, min_length)[:4]
        for got, expected in zip(found[row], best, strict=True):
            assert got[2] == expected[2]
            np.testing.assert_allclose(got[:2], expected[:2], rtol=1e-5)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_width_one_is_greedy(tiny_model, results, length_penalty):
    model = tiny_model(seed=2, size=11, batch=40)
    beam = BeamSearch(width=1, length_penalty=length_penalty)
    beamed = results(beam, model, Limits(7, 1))
    greedy = results(GreedySearch(), model, Limits(7, 1))
    assert [row[0][1:] for row in beamed] == [row[0][1:] for row in greedy]


@pytest.mark.parametrize("options", OPTIONS)
def test_log_prob_is_that_of_teacher_forcing(tiny_model, results, options):
    model = tiny_model(seed=3, size=9, batch=7)
    search = BeamSearch(width=4, n_best=3, **options)
    for row, hypotheses in enumerate(results(search, model, Limits(6))):
        for _, log_prob, tokens in hypotheses:
            expected, _ = model.rescore(row, tokens)
            np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS)
def test_batch_order_and_size_do_not_matter(tiny_model, results, options):
    model = tiny_model(seed=4, size=9, batch=5)
    search = BeamSearch(width=3, n_best=2, **options)
    together = results(search, model, Limits(6))
    order = [4, 0, 2, 1, 3]
    shuffled = results(search, model, Limits(6), order)
    assert_same(shuffled, [together[row] for row in order])
    for row in (1, 4):
        assert_same(results(search, model, Limits(6), [row]), [together[row]])


def test_attention_follows_the_winning_path(tiny_model):
    model = tiny_model(seed=5, size=9, batch=4)
    search = BeamSearch(width=4, n_best=2, with_attention=True)
    found = search(model.step, model.memory(), model.carry(), Limits(6))
    attention = ops.convert_to_numpy(found.attention)
    ids = ops.convert_to_numpy(found.ids)
    assert attention.shape == (4, 2, 6, model.positions)
    for row in range(4):
        for rank in range(2):
            length = int(found.lengths[row, rank])
            _, looks = model.rescore(row, ids[row, rank, :length])
            np.testing.assert_allclose(
                attention[row, rank, :length], looks, atol=1e-5
            )
            assert not attention[row, rank, length:].any()


def test_finished_hypothesis_outlives_the_beam_that_drops_it(scripted):
    # END at once has 0.2. Two live hypotheses of 0.4 each push it out of a
    # beam of 2, but they end with 0.4 * 0.3 = 0.12 at best.
    vague = {END: 0.3, 4: 0.3, 5: 0.2, 6: 0.2}
    step, memory, carry = scripted(
        {
            (): {END: 0.2, 4: 0.8},
            (4,): {5: 0.5, 6: 0.5},
            (4, 5): vague,
            (4, 6): vague,
        }
    )
    found = BeamSearch(width=2)(step, memory, carry, Limits(9))
    assert int(found.ids[0, 0, 0]) == END
    np.testing.assert_allclose(float(found.log_probs[0, 0]), np.log(0.2), 1e-5)


def test_live_hypothesis_may_overtake_a_finished_one(scripted):
    # With penalty 1: ln(.6) / LP(0) = -.51 / .833 = -.613 for END at once,
    # ln(.4) / LP(3) = -.916 / 1.333 = -.687; with penalty 2: -.736, -.515.
    step, memory, carry = scripted(
        {(): {END: 0.6, 4: 0.4}, (4,): {5: 1.0}, (4, 5): {6: 1.0}}
    )
    for penalty, tokens in ((1.0, [END]), (2.0, [4, 5, 6, END])):
        search = BeamSearch(width=2, length_penalty=penalty)
        found = search(step, memory, carry, Limits(6))
        assert ops.convert_to_numpy(found.ids)[0, 0].tolist() == tokens + [
            0
        ] * (6 - len(tokens))


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX traces the step once"
)
def test_search_ends_when_nothing_can_enter_the_pool(scripted):
    step, memory, carry = scripted(
        {(): {END: 0.5, 4: 0.4, 5: 0.1}, (4,): {4: 1.0}, (5,): {5: 1.0}}
    )
    calls = []

    def counted(*arguments):
        calls.append(1)
        return step(*arguments)

    # 0.4 can't beat 0.5: over at once. It can be second best: (4, 4) ends.
    for n_best, steps in ((1, 1), (2, 3)):
        calls.clear()
        BeamSearch(3, n_best=n_best)(counted, memory, carry, Limits(9))
        assert len(calls) == steps


def test_carry_may_be_any_nest_and_memory_arrives_untouched(tiny_model):
    model = tiny_model()
    memory, carry = model.memory(), model.carry()

    def step(tokens, seen, carry):
        assert seen is memory
        return model.step(tokens, seen, carry)

    BeamSearch(2)(step, memory, carry, Limits(3))


def test_beam_wider_than_the_vocabulary_leaves_slots_empty(tiny_model, results):
    model = tiny_model(size=5, batch=2)  # words: UNKNOWN and 4
    search = BeamSearch(width=9, n_best=9)
    found = results(search, model, Limits(2))
    for row in range(2):
        expected = model.ranked(row, search, 2)  # END, and 2 * (END, 1, 4)
        assert len(expected) == 7
        assert [item[2] for item in found[row][:7]] == [
            item[2] for item in expected
        ]
        assert found[row][7:] == [(-np.inf, -np.inf, [])] * 2


def test_no_two_hypotheses_are_equal(tiny_model, results):
    model = tiny_model(seed=6, size=9, batch=5)
    for row in results(BeamSearch(6, n_best=6), model, Limits(5)):
        assert len({tuple(tokens) for *_, tokens in row}) == 6


def test_each_source_has_its_own_limits(tiny_model, results):
    model = tiny_model(seed=7, batch=4)
    longest, least = [2, 6, 4, 5], [1, 4, 0, 2]
    limits = Limits(np.array(longest), np.array(least))
    found = results(BeamSearch(3, n_best=3), model, limits)
    for row, hypotheses in enumerate(found):
        for *_, tokens in hypotheses:
            assert len(tokens) <= longest[row]
            assert END not in tokens[: least[row]]
            assert tokens[-1] == END or len(tokens) == longest[row]
        alone = Limits(longest[row], least[row])
        search = BeamSearch(3, n_best=3)
        assert_same(results(search, model, alone, [row]), [hypotheses])


def test_unknown_words_are_banned(tiny_model, results):
    model = tiny_model(seed=8)
    model.table[:, UNKNOWN] += 5.0
    free = results(BeamSearch(3), model, Limits(5))
    banned = results(BeamSearch(3, ban_unknown=True), model, Limits(5))
    assert any(UNKNOWN in row[0][2] for row in free)
    assert not any(UNKNOWN in row[0][2] for row in banned)


def test_certain_tokens_never_gain_probability(scripted):
    step, memory, carry = scripted({(): {4: 1.0}, (4,): {5: 1.0}})
    found = BeamSearch(2, length_penalty=1.0)(step, memory, carry, Limits(5))
    assert -1e-5 < float(found.log_probs[0, 0]) <= 0.0


def test_graph_with_unknown_sizes_gives_the_same(tiny_model, results):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function needs the TensorFlow backend")
    model = tiny_model(seed=9, size=9, batch=5)
    search = BeamSearch(
        3,
        n_best=2,
        length_penalty=1.0,
        coverage_penalty=0.2,
        with_attention=True,
    )
    signature = (
        tf.nest.map_structure(
            lambda leaf: tf.TensorSpec([None], leaf.dtype), model.memory()
        ),
        tf.TensorSpec([None], "int32"),
    )

    @tf.function(input_signature=signature)
    def graph(memory, max_length):
        batch = tf.shape(max_length)[0]
        carry = type(model.carry())(
            tf.zeros((batch, 1), "int32"), {"last": tf.zeros((batch, 1, 2))}
        )
        return search(model.step, memory, carry, Limits(max_length))

    longest = tf.constant([3, 6, 4, 5, 2])
    found = graph(model.memory(), longest)
    eager = search(model.step, model.memory(), model.carry(), Limits(longest))
    assert found.ids.shape == (5, 2, 6)
    for got, expected in zip(found[:5], eager[:5], strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_missing_attention_is_an_error(scripted):
    step, memory, carry = scripted({})
    for options in ({"with_attention": True}, {"coverage_penalty": 0.1}):
        with pytest.raises(ValueError, match="returns attention"):
            BeamSearch(2, **options)(step, memory, carry, Limits(3))


@pytest.mark.parametrize(
    "options",
    [
        {"width": 0},
        {"width": 2.5},
        {"n_best": 0},
        {"width": 2, "n_best": 3},
        {"length_penalty": -0.1},
        {"length_penalty": float("nan")},
        {"penalty_offset": -1.0},
        {"length_penalty": 1.0, "penalty_offset": 0.0},
        {"coverage_penalty": -1.0},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="Received"):
        BeamSearch(**options)


def test_a_temperature_is_a_division_of_the_logits(tiny_model, results):
    model = tiny_model(seed=7, size=9, batch=4)
    found = results(BeamSearch(3, temperature=0.5), model, Limits(5))
    plain = model.step

    def sharper(*inputs):
        logits, carry, attention = plain(*inputs)
        return logits * 2, carry, attention

    model.step = sharper
    assert_same(found, results(BeamSearch(3), model, Limits(5)))
    greedy = results(GreedySearch(), model, Limits(5))
    model.step = plain
    cold = results(GreedySearch(temperature=0.5), model, Limits(5))
    assert_same(cold, greedy)


@pytest.mark.parametrize("kind", [BeamSearch, GreedySearch])
def test_a_temperature_is_above_zero(kind):
    for value in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="temperature"):
            kind(temperature=value)


# The first to end is worse per token than what ends later.
EARLY = {(): {END: 0.5, 4: 0.4}, (4,): {5: 0.95}, (4, 5): {END: 0.95}}
PER_TOKEN = {"length_penalty": 1.0, "penalty_offset": 0.0, "count_end": True}


def best_of(scripted, **options):
    search = BeamSearch(2, **PER_TOKEN, **options)
    found = search(*scripted(EARLY), Limits(5))
    length = int(found.lengths[0, 0])
    return ops.convert_to_numpy(found.ids)[0, 0, :length].tolist()


def test_a_search_that_stops_at_the_first_misses_what_ends_later(scripted):
    assert best_of(scripted) == [4, 5, END]
    assert best_of(scripted, stop_at_first=True) == [END]


def test_who_is_too_far_behind_the_best_finished_one_is_given_up(scripted):
    # log 0.5 to log 0.4 are 0.22 nats.
    assert best_of(scripted, prune=0.2) == [END]
    assert best_of(scripted, prune=0.3) == [4, 5, END]


def test_pruning_far_enough_changes_nothing(tiny_model, results):
    model = tiny_model(seed=8, size=9, batch=4)
    plain = results(BeamSearch(4, n_best=2), model, Limits(5))
    wide = BeamSearch(4, n_best=2, prune=1e4)
    assert_same(results(wide, model, Limits(5)), plain)


def test_pruning_is_no_negative_number():
    with pytest.raises(ValueError, match="prune"):
        BeamSearch(prune=-1.0)
