"""What `infer` does with what a model wrote."""

from keras_seq2seq.tasks.decode_text import DecodeText as DecodeText
