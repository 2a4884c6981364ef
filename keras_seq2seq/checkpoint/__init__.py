"""Checkpoints: directories that are whole or not there at all.

Nothing here loads TensorFlow or Keras; what a model's state is lies in
`keras_seq2seq.checkpoint.model_state`.
"""

from keras_seq2seq.checkpoint.averaging import STRATEGIES as STRATEGIES
from keras_seq2seq.checkpoint.averaging import average as average
from keras_seq2seq.checkpoint.manifest import (
    DamagedCheckpointError as DamagedCheckpointError,
)
from keras_seq2seq.checkpoint.manifest import Manifest as Manifest
from keras_seq2seq.checkpoint.manifest import verify as verify
from keras_seq2seq.checkpoint.run_directory import checkpoints as checkpoints
from keras_seq2seq.checkpoint.run_directory import clean as clean
from keras_seq2seq.checkpoint.run_directory import delete as delete
from keras_seq2seq.checkpoint.run_directory import find as find
from keras_seq2seq.checkpoint.run_directory import newest_valid as newest_valid
from keras_seq2seq.checkpoint.run_directory import point as point
from keras_seq2seq.checkpoint.run_directory import recover as recover
from keras_seq2seq.checkpoint.run_directory import (
    write_checkpoint as write_checkpoint,
)
from keras_seq2seq.checkpoint.storage import replace_text as replace_text
