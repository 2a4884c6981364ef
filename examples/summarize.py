"""Writes the subject lines of e-mails after an hour of training.

The directory --data_dir holds train.tsv and dev.tsv: body, tab, subject, such
as AESLC's, made from https://github.com/ryanzhumich/AESLC. At the end it
prints ROUGE beside that of each body's first five words.
"""

import argparse
from pathlib import Path

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.metrics import rouge
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import AttentionSeq2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", required=True, type=Path)
parser.add_argument("--output_dir", default="summarize_run", type=Path)
parser.add_argument("--subwords", type=int, default=8000)
parser.add_argument("--epochs", type=int, default=20)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)

train, dev = (arguments.data_dir / f"{name}.tsv" for name in ("train", "dev"))
run, size = arguments.output_dir, arguments.subwords
pieces = train_tokenizer([train], "bpe", run / "pieces", size, columns=[0, 1])
pieces = load_tokenizer(pieces)
pairs = ParallelText(
    train,
    source_tokenizer=pieces,
    source_column=0,
    target_column=1,
    source_max_length=100,
    target_max_length=24,
)
encoder, decoder = (
    layers.RecurrentStack(layers.GRUCell(units), output_keep_prob=0.6)
    for units in (256, 512)
)
model = AttentionSeq2Seq(
    pieces.vocabulary_size,
    pieces.vocabulary_size,
    embedding_dim=256,
    encoder=layers.BidirectionalRNNEncoder(encoder),
    bridge=layers.InitialStateBridge(),
    decoder=layers.AttentionDecoder(decoder),
    share_embeddings="all",
    embedding_dropout=0.4,
    output_dropout=0.5,
    label_smoothing=0.1,
    tokenizers=(pieces, pieces),
    max_source_length=100,
    max_target_length=24,
    search=BeamSearch(5, length_penalty=1.0),
)
model.compile(keras.optimizers.Adam(1e-3))
bucketing = callbacks.Bucketing(pairs, batch_size=64, boundaries="auto:10")
epochs = arguments.epochs
steps = bucketing.steps_per_epoch * epochs
decay = callbacks.LearningRateDecay("polynomial", decay_steps=steps)
used = [bucketing, decay]
model.fit(bucketing.dataset, epochs=epochs, callbacks=used, shuffle=False)
bodies, subjects = (list(read_lines(dev, column)) for column in (0, 1))
written = [each.text for each in model.generate(bodies)]
first = [" ".join(body.split()[:5]) for body in bodies]
for name, lines in {"model": written, "first five words": first}.items():
    for kind in "12l":
        found = rouge(lines, subjects, f"rouge_{kind}/f_score")
        print(f"{name}: {found.name} {100 * found.value:.2f}")
for number in range(min(10, len(written))):
    print(written[number], "|", subjects[number])
