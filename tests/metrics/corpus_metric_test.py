from keras_seq2seq.metrics import CollectedMetric, multi_bleu


def test_pairs_are_scored_as_one_corpus_in_their_order():
    pairs = [("a b c d e", "a b c d f"), ("g h i j", "g h i j")]
    metric = CollectedMetric("bleu", multi_bleu)
    for pair in pairs:
        metric.add(*pair)
    hypotheses, references = zip(*pairs, strict=True)
    assert metric.score() == multi_bleu(hypotheses, references).value
    assert (metric.hypotheses, metric.name) == ([*hypotheses], "bleu")


def test_a_score_can_be_asked_for_in_between():
    metric = CollectedMetric("count", lambda texts, references: len(texts))
    assert metric.score() == 0
    metric.add("a", "b")
    assert metric.score() == 1
