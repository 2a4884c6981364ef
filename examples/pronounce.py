"""Learns from a table of words and their sounds how words are spoken.

    python examples/pronounce.py --data_dir 2021-task1/data/medium

The directory holds `<language>_{train,dev,test}.tsv`, on each line a word, a
TAB, and phones between blanks: https://github.com/sigmorphon/2021-task1.
"""

import argparse
from pathlib import Path

import keras

from keras_seq2seq import callbacks
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import count_tokens, select
from keras_seq2seq.metrics import phone_error_rate, word_error_rate
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import AttentionSeq2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--language", default="dut", help="begins the file names")
parser.add_argument("--epochs", type=int, default=30)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)


def read(split):
    """Words and their pronunciations, two lists."""
    path = arguments.data_dir / f"{arguments.language}_{split}.tsv"
    return [list(read_lines(path, column)) for column in (0, 1)]


def pronounce(model, words):
    """The best of four hypotheses for each word."""
    return [each.text for each in model.generate(words, BeamSearch(4))]


train, dev, test = read("train"), read("dev"), read("test")
letters = DelimiterTokenizer(select(count_tokens(train[0], "")), "")
phones = DelimiterTokenizer(select(count_tokens(train[1])))
pairs, dev_pairs = (
    ParallelText.from_texts(
        *texts, source_tokenizer=letters, target_tokenizer=phones
    )
    for texts in (train, dev)
)
model = AttentionSeq2Seq(
    letters.vocabulary_size,
    phones.vocabulary_size,
    output_dropout=0.3,
    label_smoothing=0.1,
    init_scale=0.1,
    tokenizers=(letters, phones),
)
model.compile(Adam(2e-3))
bucketing = callbacks.Bucketing(pairs, batch_size=64, boundaries="auto")
scorer = callbacks.CorpusScore(pronounce, *dev, word_error_rate, "val_wer")
stopping = callbacks.BleuEarlyStopping(scorer, patience=5)
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    validation_data=evaluation_dataset(dev_pairs, 64),
    # Ends with the weights that made the fewest errors on the dev set.
    callbacks=[bucketing, stopping, callbacks.ProgressBar()],
    shuffle=False,
    verbose=0,
)

written = pronounce(model, test[0])
for row in list(zip(test[0], written, test[1], strict=True))[:5]:
    print("  |  ".join(row))
for rate in (word_error_rate, phone_error_rate):
    print(rate(written, test[1]))
