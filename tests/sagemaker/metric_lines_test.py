import re

from keras_seq2seq.sagemaker.metric_lines import REGEXES, MetricLines

LOGS = {
    "loss": 1.5,
    "perplexity": 4.5,
    "learning_rate": 0.1,
    "val_perplexity": 12.25,
    "val_accuracy": 0.5,
    "val_sockeye_bleu": 0.125,
    "val_bleu": 12.5,
    "val_tokens": 400,
}


def lines():
    written = []
    MetricLines("algo-1", written.append).on_epoch_end(2, LOGS)
    return written


def test_a_line_names_host_checkpoint_and_metric():
    assert (
        "#quality_metric: host=algo-1, epoch=3, validation perplexity "
        "<score>=12.25" in lines()
    )
    assert "validation:perplexity=12.25" in lines()


def test_the_regular_expressions_of_the_service_find_its_metrics():
    expected = {
        "validation:perplexity": "12.25",
        "validation:accuracy": "0.5",
        "validation:bleu": "0.125",  # from 0 to 1
    }
    text = "\n".join(lines())
    found = {name: re.findall(regex, text) for name, regex in REGEXES.items()}
    assert found == {name: [value] for name, value in expected.items()}


def test_bleu_has_both_scales():
    assert "validation:bleu_100=12.5" in lines()


def test_training_has_its_metrics_alone():
    own = [line for line in lines() if line.startswith("train:")]
    assert own == ["train:loss=1.5", "train:perplexity=4.5"]
    assert not [line for line in lines() if "tokens" in line]
