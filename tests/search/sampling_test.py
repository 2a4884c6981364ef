import keras
import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import GreedySearch, Limits, SamplingSearch
from keras_seq2seq.tokens import END, UNKNOWN

FIRST = {4: 0.5, 5: 0.3, 6: 0.15, 7: 0.05}


def first_tokens(scripted, count=2000, table=FIRST, **options):
    """How often each token came first, in `count` samples."""
    step, memory, carry = scripted({(): table})
    search = SamplingSearch(n_best=count, seed=1, **options)
    found = search(step, memory, carry, Limits(2))
    tokens = ops.convert_to_numpy(found.ids)[0, :, 0]
    return np.bincount(tokens, minlength=8)[4:] / count


def test_tokens_come_as_often_as_they_are_likely(scripted):
    # 4 standard deviations of a share near 0.5 over 2000 draws: 0.045.
    shares = first_tokens(scripted)
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.15, 0.05], atol=0.045)


def test_temperature_sharpens_and_flattens(scripted):
    probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    for temperature in (0.5, 2.0):
        expected = probabilities ** (1 / temperature)
        np.testing.assert_allclose(
            first_tokens(scripted, temperature=temperature),
            expected / expected.sum(),
            atol=0.045,
        )


def test_top_k_renormalises_over_the_likeliest(scripted):
    shares = first_tokens(scripted, top_k=2)
    np.testing.assert_allclose(shares, [0.625, 0.375, 0, 0], atol=0.045)
    assert not shares[2:].any()


def test_top_p_keeps_the_fewest_that_hold_the_share(scripted):
    shares = first_tokens(scripted, top_p=0.7)  # .5 is not enough, .8 is
    np.testing.assert_allclose(shares, [0.625, 0.375, 0, 0], atol=0.045)
    assert not shares[2:].any()


def test_top_p_looks_at_what_top_k_left(scripted):
    # Of .5 and .3 alone, .5 holds a share of .625: enough for .6.
    shares = first_tokens(scripted, top_k=2, top_p=0.6)
    np.testing.assert_array_equal(shares, [1, 0, 0, 0])


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 1e-6}])
def test_one_choice_left_is_greedy(tiny_model, results, options):
    model = tiny_model(seed=1, size=9, batch=8)
    sampled = results(SamplingSearch(**options), model, Limits(7, 1))
    greedy = results(GreedySearch(), model, Limits(7, 1))
    for got, expected in zip(sampled, greedy, strict=True):
        assert got[0][2] == expected[0][2]
        np.testing.assert_allclose(got[0][1], expected[0][1], rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"top_k": 3, "temperature": 2.0}])
def test_log_prob_is_the_models_whatever_the_options(
    tiny_model, results, options
):
    model = tiny_model(seed=2, size=9, batch=4)
    search = SamplingSearch(seed=3, n_best=3, **options)
    for row, hypotheses in enumerate(results(search, model, Limits(7))):
        for _, log_prob, tokens in hypotheses:
            expected, _ = model.rescore(row, tokens)
            np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
        assert hypotheses == sorted(hypotheses, key=lambda item: -item[0])


def test_attention_belongs_to_the_sample(tiny_model):
    model = tiny_model(seed=3, size=9, batch=2)
    search = SamplingSearch(seed=4, n_best=3, with_attention=True)
    found = search(model.step, model.memory(), model.carry(), Limits(6))
    for row in range(2):
        for rank in range(3):
            length = int(found.lengths[row, rank])
            ids = ops.convert_to_numpy(found.ids)[row, rank, :length]
            np.testing.assert_allclose(
                ops.convert_to_numpy(found.attention)[row, rank, :length],
                model.rescore(row, ids)[1],
                atol=1e-5,
            )


def test_same_seed_same_text_and_a_generator_moves_on(tiny_model, results):
    model = tiny_model(seed=5, size=40, batch=6)
    fixed = SamplingSearch(seed=7, temperature=3.0)
    first = results(fixed, model, Limits(8))
    assert results(fixed, model, Limits(8)) == first
    other = SamplingSearch(seed=8, temperature=3.0)
    assert results(other, model, Limits(8)) != first

    def twice():
        generator = keras.random.SeedGenerator(7)
        search = SamplingSearch(seed=generator, temperature=3.0)
        return [results(search, model, Limits(8)) for _ in range(2)]

    before, after = twice()
    assert before != after
    assert twice() == [before, after]


def test_bans_and_minimum_length_hold(tiny_model, results):
    model = tiny_model(seed=6, batch=9)
    model.table[:, [0, 1, 2, END]] += 4.0
    search = SamplingSearch(seed=1, n_best=5, ban_unknown=True)
    for row in results(search, model, Limits(6, 3)):
        for *_, tokens in row:
            assert UNKNOWN not in tokens
            assert not {0, 2} & set(tokens)
            assert END not in tokens[:3]


def test_graph_with_unknown_sizes_gives_the_same(tiny_model):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function needs the TensorFlow backend")
    model = tiny_model(seed=9, size=9, batch=5)
    search = SamplingSearch(seed=2, n_best=2, top_p=0.9)

    @tf.function(reduce_retracing=True)
    def graph(memory, max_length):
        batch = tf.shape(max_length)[0]
        carry = type(model.carry())(
            tf.zeros((batch, 1), "int32"), {"last": tf.zeros((batch, 1, 2))}
        )
        return search(model.step, memory, carry, Limits(max_length))

    longest = tf.constant([3, 6, 4, 5, 2])
    found = graph(model.memory(), longest)
    eager = search(model.step, model.memory(), model.carry(), Limits(longest))
    np.testing.assert_array_equal(found.ids, eager.ids)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_k": 2.5},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"n_best": 0},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="Received"):
        SamplingSearch(**options)
