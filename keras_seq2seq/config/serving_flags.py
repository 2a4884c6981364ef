"""The flags of `serve`, checked."""

import os

from pydantic import Field, field_validator

from keras_seq2seq.config.inference_flags import (
    Directories,
    Tasks,
    checked_flags,
)
from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import (
    Free,
    Precision,
    Real,
    Text,
    Whole,
    wrong,
)
from keras_seq2seq.errors import UserError

MODEL_DIR = "/opt/ml/model"  # where SageMaker puts a model
PORT = 8080  # where SageMaker asks
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"


class ServingFlags(Section):
    """Every flag of `serve`."""

    model_dir: Directories = Field(
        description="Run directory, archive, or those of an ensemble."
    )
    model_params: Free | None = Field(None, description="Laid over stored.")
    checkpoint: Text | None = Field(None, description="Which weights.")
    precision: Precision = Field("float32", description="Of computations.")
    tasks: Tasks = Field((), description="DecodeText.", validate_default=True)
    host: Text = Field("0.0.0.0", description="Address to listen on.")
    port: Whole = Field(PORT, ge=0, le=65535, description="0: any free one.")
    batch_size: Whole = Field(64, ge=1, description="Sentences at once.")
    batch_wait_ms: Real = Field(5.0, ge=0, description="For a fuller batch.")
    queue_size: Whole = Field(2048, ge=1, description="Sentences waiting.")
    max_sentences: Whole = Field(1024, ge=1, description="Of a request.")
    max_payload_mb: Whole = Field(6, ge=1, le=100, description="Of a request.")
    max_tokens: Whole = Field(1000, ge=1, description="Of a sentence.")
    max_input_len: Whole | None = Field(None, ge=1, description="Of a piece.")
    timeout_s: Real = Field(60.0, gt=0, description="For decoding.")
    read_timeout_s: Real = Field(30.0, gt=0, description="For a request.")
    workers: Whole = Field(1, ge=1, description="Batches decoded at once.")
    threads: Whole | None = Field(None, ge=1, description="Of TensorFlow.")
    allow_import: tuple[Text, ...] = Field((), description="Own modules.")

    @field_validator("tasks")
    @classmethod
    def _text_only(cls, tasks):
        names = [task.class_name for task in tasks]
        if names != ["DecodeText"]:
            raise wrong(f"must be one DecodeText. Received: {', '.join(names)}")
        return tasks


def serving_flags(arguments, say=lambda line: None):
    """Checks parsed flags; see `checked_flags`.

    Flags win over a file, and both over SageMaker's environment.

    Args:
        arguments: what argparse parsed.
        say: callable that is given a line for each old flag.

    Raises:
        UserError: with all errors at once.
    """
    environment = {"model_dir": [MODEL_DIR]}
    if PORT_VARIABLE in os.environ:
        environment["port"] = os.environ[PORT_VARIABLE]
    flags = checked_flags(ServingFlags, arguments, say, environment)
    if flags.max_sentences > flags.queue_size:
        raise UserError(
            f"--max_sentences must be at most --queue_size, or no request of "
            f"that size is ever answered. Received: {flags.max_sentences} and "
            f"{flags.queue_size}"
        )
    return flags
