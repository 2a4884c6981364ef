import argparse

import pytest

from keras_seq2seq.config.serving_flags import serving_flags
from keras_seq2seq.errors import UserError


def checked(**flags):
    return serving_flags(
        argparse.Namespace(
            **{"model_dir": ["run"], "port": None, "allow_import": [], **flags}
        )
    )


def test_numbers_come_as_text():
    flags = checked(port="0", batch_wait_ms="2.5", max_tokens="70")
    assert (flags.port, flags.batch_wait_ms) == (0, 2.5)
    assert flags.max_tokens == 70


def test_sagemakers_environment_is_followed(monkeypatch):
    flags = checked(model_dir=[])
    assert flags.model_dir == ("/opt/ml/model",)
    assert (flags.host, flags.port) == ("0.0.0.0", 8080)
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "8099")
    assert checked().port == 8099
    assert checked(port="7").port == 7


def test_a_file_wins_over_sagemakers_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "8099")
    path = tmp_path / "serve.yml"
    path.write_text("model_dir: my_run\nport: 7\n")
    flags = checked(model_dir=[], config_path=str(path))
    assert (flags.model_dir, flags.port) == (("my_run",), 7)


def test_a_wrong_port_of_the_environment_is_named_as_such(monkeypatch):
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "many")
    with pytest.raises(UserError, match="port of the environment"):
        checked()


def test_the_width_of_the_beam_is_a_setting_of_the_model():
    flags = checked(beam_width="4")
    assert flags.model_params == {"inference.beam_search.beam_width": "4"}


def test_a_file_may_hold_flags(tmp_path):
    path = tmp_path / "serve.yml"
    path.write_text("batch_size: 7\nqueue_size: 2000\n")
    flags = checked(config_path=str(path), queue_size="3000")
    assert (flags.batch_size, flags.queue_size) == (7, 3000)


def test_all_errors_are_told_at_once():
    with pytest.raises(UserError) as refused:
        checked(port="70000", timeout_s="soon", workers="0")
    told = str(refused.value)
    assert all(name in told for name in ("port", "timeout_s", "workers"))


@pytest.mark.parametrize(
    "tasks",
    [
        "{class: DumpBeams, params: {file: x}}",
        "[{class: DecodeText}, {class: DecodeText}]",
    ],
)
def test_only_text_is_served(tasks):
    with pytest.raises(UserError, match="must be one DecodeText"):
        checked(tasks=tasks)


def test_a_request_that_never_fits_the_queue_is_refused():
    with pytest.raises(UserError, match="--max_sentences"):
        checked(max_sentences="100", queue_size="99")
