"""SageMaker's job layout: corpora, jobs and model archives."""

from keras_seq2seq.sagemaker.archive import open_model as open_model
from keras_seq2seq.sagemaker.archive import pack as pack
