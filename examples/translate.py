"""Translates English to German after an hour or two of training.

The directory --data_dir holds train.en, train.de, val.en, val.de and the files
of --test, one sentence a line, such as Multi30k's, which are at home at
https://github.com/multi30k/dataset (raw). Called again, the script goes on.
"""

import argparse
import functools
from pathlib import Path

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.metrics import corpus_bleu
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import AttentionSeq2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--test", default="test_2016_flickr", help="file names")
parser.add_argument("--output_dir", default="translate_run", type=Path)
parser.add_argument("--subwords", type=int, default=8000)
parser.add_argument("--epochs", type=int, default=20)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)


def files(split):
    """English and German."""
    return [arguments.data_dir / f"{split}.{side}" for side in ("en", "de")]


def translate(model, sources):
    """The best of five hypotheses for each sentence."""
    return [x.text for x in model.generate(sources, BeamSearch(5, 1.0))]


run, size = arguments.output_dir, arguments.subwords
pieces = train_tokenizer(files("train"), "bpe", run / "pieces", size)
pieces = load_tokenizer(pieces)
pairs = ParallelText(*files("train"), source_tokenizer=pieces)
val, test = (
    [list(read_lines(path)) for path in files(split)]
    for split in ("val", arguments.test)
)
cells = [layers.RecurrentStack(layers.GRUCell(n)) for n in (256, 512)]
model = AttentionSeq2Seq(
    pieces.vocabulary_size,
    pieces.vocabulary_size,
    embedding_dim=256,
    encoder=layers.BidirectionalRNNEncoder(cells[0]),
    decoder=layers.AttentionDecoder(cells[1]),
    share_embeddings="source_target",
    output_dropout=0.4,
    label_smoothing=0.1,
    tokenizers=(pieces, pieces),
)
model.compile(keras.optimizers.Adam(1e-3))
bucketing = callbacks.Bucketing(pairs, batch_size=80, boundaries="auto")
decay = callbacks.LearningRateDecay("inverse_square_root", warmup_steps=2000)
bleu = functools.partial(corpus_bleu, tokenize="13a")  # the text is raw
scorer = callbacks.CorpusScore(translate, *val, bleu)
state = [decay, bucketing, callbacks.BleuEarlyStopping(scorer, patience=4)]
saving = callbacks.CheckpointRetention(run, state, monitor="val_bleu")
saving.restore(model)
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    initial_epoch=bucketing.get_state()["epoch"],
    callbacks=[*state, callbacks.ProgressBar(), saving],
    shuffle=False,
    verbose=0,
)
print("Test", bleu(translate(model, test[0]), test[1]))
