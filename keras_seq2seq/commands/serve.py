"""`keras-seq2seq serve`."""

import functools
import importlib.util
import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.errors import UserError

PACKAGES = ("starlette", "uvicorn", "httptools", "prometheus_client")
# Flags whose values the settings check.
SETTINGS = {
    "host": "address to listen on; default: 0.0.0.0, all of this machine's",
    "port": "default: $SAGEMAKER_BIND_TO_PORT, else 8080; 0: a free one",
    "model_params": "YAML laid over the stored settings",
    "checkpoint": "which weights, as infer takes them",
    "precision": "float32 (default), or mixed_bfloat16, as infer takes it",
    "tasks": "YAML, one DecodeText with its params",
    "batch_size": "sentences decoded at once; default: 64",
    "batch_wait_ms": "how long a batch waits to be fuller; default: 5",
    "queue_size": "sentences that may wait; default: 2048",
    "max_sentences": "sentences of a request; default: 1024",
    "max_payload_mb": "MiB of a request; default: 6",
    "max_tokens": "tokens of a sentence; default: 1000",
    "max_input_len": "sentences of more tokens are translated in pieces of so "
    "many; default: what the model cannot read is cut off",
    "timeout_s": "seconds for decoding a request; default: 60",
    "read_timeout_s": "seconds for a request to come in; default: 30",
    "workers": "batches decoded at once; default: 1",
    "threads": "processor threads of TensorFlow; default: its choice",
    "config_path": "YAML file with any of these settings",
    "beam_width": "of beam search; 1 is greedy",
    "delimiter": "joins the target's tokens",
    "unk_mapping": "file of source<TAB>target, for unk_replace",
}


def add_arguments(parser):
    """Adds the model's directory and the flags."""
    parser.add_argument(
        "model_dir",
        nargs="*",
        help="a run directory, SageMaker's model directory or its "
        "model.tar.gz; several are an ensemble; default: /opt/ml/model",
    )
    for name, text in SETTINGS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=text)
    parser.add_argument(
        "--unk_replace",
        nargs="?",
        const="true",
        metavar="VALUE",
        help="unknown words become the source words attended to most",
    )
    add_allow_import(parser)


def run(arguments):
    """Serves until SIGTERM or SIGINT; returns 128 + the signal."""
    from keras_seq2seq.config.serving_flags import serving_flags

    _check_packages()
    flags = serving_flags(arguments)
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.sagemaker import open_model
    from keras_seq2seq.serving.listening import listen

    paths = [open_model(path) for path in flags.model_dir]

    with listen(flags.host, flags.port) as listening:
        start_tensorflow()
        from keras_seq2seq.distribution import configure_devices
        from keras_seq2seq.serving.server import Server
        from keras_seq2seq.serving.telemetry import log_as_json
        from keras_seq2seq.serving.translator import load_translator

        configure_devices(flags.threads)
        log_as_json(sys.stderr)
        load = functools.partial(load_translator, flags, paths)
        return Server(flags, load).serve_on(listening)


def _check_packages():
    missing = [
        name for name in PACKAGES if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            f"serve needs {', '.join(missing)}. Type pip install "
            "'keras-seq2seq[serve]'"
        )
