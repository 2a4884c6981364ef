"""From a configuration to objects: only here do names become classes."""

from keras_seq2seq.recipe.batching import bucketing as bucketing
from keras_seq2seq.recipe.classes import find_class as find_class
from keras_seq2seq.recipe.corpora import corpus as corpus
from keras_seq2seq.recipe.corpora import evaluation_pairs as evaluation_pairs
from keras_seq2seq.recipe.corpora import selected as selected
from keras_seq2seq.recipe.corpora import source_lines as source_lines
from keras_seq2seq.recipe.corpora import texts as texts
from keras_seq2seq.recipe.corpora import training_pairs as training_pairs
from keras_seq2seq.recipe.generation import search as search
from keras_seq2seq.recipe.generation import task as task
from keras_seq2seq.recipe.generation import with_options as with_options
from keras_seq2seq.recipe.models import initialise as initialise
from keras_seq2seq.recipe.models import model as model
from keras_seq2seq.recipe.models import pretrained as pretrained
from keras_seq2seq.recipe.models import with_length_ratio as with_length_ratio
from keras_seq2seq.recipe.pictures import captions as captions
from keras_seq2seq.recipe.pictures import keep_features as keep_features
from keras_seq2seq.recipe.pictures import reads_pictures as reads_pictures
from keras_seq2seq.recipe.pictures import references as references
from keras_seq2seq.recipe.raw_pairs import pairs_of as pairs_of
from keras_seq2seq.recipe.updates import (
    learning_rate_decay as learning_rate_decay,
)
from keras_seq2seq.recipe.updates import optimizer as optimizer
from keras_seq2seq.recipe.updates import plateau_reduction as plateau_reduction
from keras_seq2seq.recipe.vocabularies import (
    check_vocabularies as check_vocabularies,
)
from keras_seq2seq.recipe.vocabularies import prepare as prepare
from keras_seq2seq.recipe.vocabularies import tokenizers as tokenizers
