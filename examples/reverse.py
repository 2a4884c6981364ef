"""Teaches a small model to write a sequence backwards.

    python examples/reverse.py --data_dir toy

It makes its own data in `--data_dir`; two minutes on two cores are enough.
"""

import argparse

import keras

from keras_seq2seq import callbacks, layers
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.toy import write_toy_data
from keras_seq2seq.metrics import exact_match
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.zoo import AttentionSeq2Seq

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--data_dir", default="toy", help="where data are made")
parser.add_argument("--examples", type=int, default=10_000)
parser.add_argument("--max_length", type=int, default=20, help="tokens")
parser.add_argument("--units", type=int, default=64)
parser.add_argument("--epochs", type=int, default=10)
arguments = parser.parse_args()
keras.utils.set_random_seed(1)

data = write_toy_data(
    arguments.data_dir,
    "reverse",
    examples=arguments.examples,
    max_length=arguments.max_length,
)
tokenizer = load_tokenizer(data / "train" / "vocab.sources.txt")
train, dev = (
    ParallelText(
        data / split / "sources.txt",
        data / split / "targets.txt",
        source_tokenizer=tokenizer,
    )
    for split in ("train", "dev")
)

units = arguments.units
cell = layers.GRUCell(units, kernel_initializer="glorot_uniform")
model = AttentionSeq2Seq(
    tokenizer.vocabulary_size,
    tokenizer.vocabulary_size,
    embedding_dim=units,
    encoder=layers.BidirectionalRNNEncoder(layers.RecurrentStack(cell)),
    attention=layers.AdditiveAttention(units),
    decoder=layers.AttentionDecoder(layers.RecurrentStack(cell)),
    reverse_source=False,
    tokenizers=(tokenizer, tokenizer),
)
model.compile(Adam(2e-3))
bucketing = callbacks.Bucketing(train, batch_size=64, boundaries="auto")
steps = arguments.epochs * bucketing.steps_per_epoch
decay = callbacks.LearningRateDecay("polynomial", decay_steps=steps)
model.fit(
    bucketing.dataset,
    epochs=arguments.epochs,
    validation_data=evaluation_dataset(dev, 64),
    callbacks=[decay, bucketing, callbacks.ProgressBar()],
    shuffle=False,
    verbose=0,
)

sources = (data / "test" / "sources.txt").read_text("utf-8").splitlines()
targets = (data / "test" / "targets.txt").read_text("utf-8").splitlines()
written = [each.text for each in model.generate(sources)]
print(f"Source:  {sources[0]}\nWritten: {written[0]}")
print(f"Exact match: {exact_match(written, targets).value:.1f} %")
