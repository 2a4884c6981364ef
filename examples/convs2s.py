"""Translates German to English by convolutions, after an hour or two.

The directory --data_dir holds train.de, train.en, val.de, val.en and the files
of --test, one sentence a line, such as Multi30k's, which are at home at
https://github.com/multi30k/dataset (raw). Called again, the script goes on.
"""

import argparse
from pathlib import Path

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.metrics import corpus_bleu
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import ConvS2S

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--test", default="test_2016_flickr", help="file names")
parser.add_argument("--output_dir", default="convs2s_run", type=Path)
parser.add_argument("--subwords", type=int, default=8000)
parser.add_argument("--layers", type=int, default=4, help="on each side")
parser.add_argument("--units", type=int, default=256)
parser.add_argument("--epochs", type=int, default=20)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)


def files(split):
    """German and English."""
    return [arguments.data_dir / f"{split}.{side}" for side in ("de", "en")]


run, size = arguments.output_dir, arguments.subwords
pieces = train_tokenizer(files("train"), "bpe", run / "pieces", size)
pieces = load_tokenizer(pieces)
train, val = (
    ParallelText(*files(split), source_tokenizer=pieces)
    for split in ("train", "val")
)
# Each layer: its width and the window that it sees.
sizes = [(arguments.units, 3)] * arguments.layers
model = ConvS2S(
    pieces.vocabulary_size,
    pieces.vocabulary_size,
    embedding_dim=arguments.units,
    encoder=layers.ConvS2SEncoder(sizes, dropout=0.3),
    decoder=layers.ConvS2SDecoder(
        sizes, out_units=arguments.units, dropout=0.3
    ),
    share_embeddings="all",
    label_smoothing=0.1,
    tokenizers=(pieces, pieces),
)
model.compile(keras.optimizers.Adam(1e-3))
bucketing = callbacks.Bucketing(train, batch_size=80, boundaries="auto")
decay = callbacks.LearningRateDecay("inverse_square_root", warmup_steps=2000)
state = [decay, bucketing]
saving = callbacks.CheckpointRetention(run, state, monitor="val_loss")
saving.restore(model)
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    initial_epoch=bucketing.get_state()["epoch"],
    validation_data=evaluation_dataset(val, 80),
    callbacks=[*state, callbacks.ProgressBar(), saving],
    shuffle=False,
    verbose=0,
)
sources, targets = (list(read_lines(path)) for path in files(arguments.test))
written = [x.text for x in model.generate(sources, BeamSearch(5, 1.0))]
print("Test", corpus_bleu(written, targets, tokenize="13a"))
