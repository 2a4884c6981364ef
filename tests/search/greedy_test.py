import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import GreedySearch, Limits
from keras_seq2seq.search.screened import Screened
from keras_seq2seq.search.top_tokens import top_k
from keras_seq2seq.tokens import END, UNKNOWN


def test_takes_the_likeliest_token_though_it_leads_astray(scripted):
    step, memory, carry = scripted(
        {
            (): {4: 0.6, 5: 0.4},
            (4,): {END: 0.5, 6: 0.5 - 1e-3, 7: 1e-3},
            (5,): {END: 1.0},
        }
    )
    found = GreedySearch()(step, memory, carry, Limits(4))
    assert ops.convert_to_numpy(found.ids)[0, 0].tolist() == [4, END, 0, 0]
    np.testing.assert_allclose(
        float(found.log_probs[0, 0]), np.log(0.6 * 0.5), rtol=1e-5
    )


def test_unreachable_end_gives_exactly_the_maximum_length(scripted):
    forever = {4: 1.0}
    prefixes = [(4,) * count for count in range(4)]
    step, memory, carry = scripted(dict.fromkeys(prefixes, forever))
    found = GreedySearch()(step, memory, carry, Limits(3))
    assert ops.convert_to_numpy(found.ids)[0, 0].tolist() == [4, 4, 4]
    assert int(found.lengths[0, 0]) == 3


def test_log_prob_and_attention_are_those_of_teacher_forcing(tiny_model):
    model = tiny_model(seed=1, size=9, batch=6)
    search = GreedySearch(with_attention=True)
    found = search(model.step, model.memory(), model.carry(), Limits(7))
    for row in range(6):
        length = int(found.lengths[row, 0])
        tokens = ops.convert_to_numpy(found.ids)[row, 0, :length]
        log_prob, looks = model.rescore(row, tokens)
        np.testing.assert_allclose(found.log_probs[row, 0], log_prob, 1e-5)
        attention = ops.convert_to_numpy(found.attention)[row, 0]
        np.testing.assert_allclose(attention[:length], looks, atol=1e-5)
        assert not attention[length:].any()


def test_batch_order_and_size_do_not_matter(tiny_model, results):
    model = tiny_model(seed=2, size=9, batch=5)
    together = results(GreedySearch(), model, Limits(8))
    backwards = results(GreedySearch(), model, Limits(8), [4, 3, 2, 1, 0])
    alone = [
        results(GreedySearch(), model, Limits(8), [row])[0] for row in range(5)
    ]
    assert backwards == together[::-1]
    assert alone == together


def test_each_source_has_its_own_limits(tiny_model, results):
    model = tiny_model(seed=3, batch=3)
    limits = Limits(np.array([2, 6, 4]), np.array([1, 5, 0]))
    for row, hypotheses in enumerate(results(GreedySearch(), model, limits)):
        tokens = hypotheses[0][2]
        assert len(tokens) <= [2, 6, 4][row]
        assert END not in tokens[: [1, 5, 0][row]]


def test_unknown_words_are_banned(tiny_model, results):
    model = tiny_model(seed=4)
    model.table[:, UNKNOWN] += 9.0
    free = results(GreedySearch(), model, Limits(5))
    banned = results(GreedySearch(ban_unknown=True), model, Limits(5))
    assert all(UNKNOWN in row[0][2] for row in free)
    assert not any(UNKNOWN in row[0][2] for row in banned)


def test_missing_attention_is_an_error(scripted):
    step, memory, carry = scripted({})
    with pytest.raises(ValueError, match="returns attention"):
        GreedySearch(with_attention=True)(step, memory, carry, Limits(3))


def tokens_of(found):
    ids, lengths = map(ops.convert_to_numpy, (found.ids, found.lengths))
    return [
        row[0, : end[0]].tolist() for row, end in zip(ids, lengths, strict=True)
    ]


def test_without_log_probs_the_tokens_are_the_same(tiny_model):
    model = tiny_model(seed=5, batch=5)
    given = (model.memory(), model.carry(), Limits(8))
    expected = GreedySearch()(model.step, *given)
    found = GreedySearch(with_log_probs=False)(model.step, *given)
    assert tokens_of(found) == tokens_of(expected)
    assert found.log_probs is None
    assert found.scores is None


def screening_step(step, count, slack=0.0):
    """A step that tells its `count` best tokens alone, PAD and START too."""

    def screened(tokens, memory, carry):
        logits, carry, attention = step(tokens, memory, carry)
        values, ids = top_k(logits, count + 1)
        found = Screened(
            ids=ids[..., :-1],
            logits=values[..., :-1],
            end=logits[..., END : END + 1],
            bound=values[..., -1] + slack,
            all_logits=lambda rows: ops.take(logits, rows, axis=0),
        )
        return found, carry, attention

    return screened


@pytest.mark.parametrize("ban_unknown", [False, True])
@pytest.mark.parametrize("min_length", [0, 3])
@pytest.mark.parametrize(
    ("count", "slack"), [(5, 0.0), (2, 0.0), (1, 0.0), (5, 1e9)]
)
def test_candidates_decide_only_where_none_else_can(
    tiny_model, ban_unknown, min_length, count, slack
):
    # Of few candidates, all may be banned; a slack lets others seem better.
    model = tiny_model(seed=6, size=9, batch=5)
    given = (model.memory(), model.carry(), Limits(8, min_length))
    expected = GreedySearch(ban_unknown)(model.step, *given)
    search = GreedySearch(ban_unknown, with_log_probs=False)
    found = search(screening_step(model.step, count, slack), *given)
    assert tokens_of(found) == tokens_of(expected)
