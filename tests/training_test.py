import types

import pytest

from keras_seq2seq import training
from keras_seq2seq.config.files import load
from keras_seq2seq.errors import UserError


def test_workers_with_clocks_of_their_own_share_no_rate_of_time():
    flags = {
        "model_params": "{optimizer.lr_decay_by_time: true}",
        "minutes": 5,
        "output_dir": "run",
    }
    config = load("", flags, complete=False)
    training._check_workers(types.SimpleNamespace(count=1), config)
    with pytest.raises(UserError, match="lr_decay_by_time: false"):
        training._check_workers(types.SimpleNamespace(count=2), config)
