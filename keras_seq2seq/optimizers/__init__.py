"""What Keras's optimizers lack."""

from keras_seq2seq.optimizers.adam import Adam as Adam
