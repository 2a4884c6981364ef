"""Training hooks under google/seq2seq's names, and those of the user."""

import inspect

import keras

from keras_seq2seq import recipe
from keras_seq2seq.callbacks import (
    ModelAnalysis,
    StepTrace,
    TeacherForcedSamples,
)
from keras_seq2seq.config.component_schema import HOOKS
from keras_seq2seq.errors import UserError

# What has nothing to do where replicas train in step with each other.
REMARKS = {
    "SyncReplicasOptimizerHook": "SyncReplicasOptimizerHook: nothing to do, "
    "replicas always add up their gradients before an update.",
    "DelayStartHook": "DelayStartHook: nobody waits, replicas always make "
    "every step together.",
}


def hook_callbacks(
    config, directory, bucketing, tokenizers, allowed=(), chief=True
):
    """Makes the callbacks that `hooks` asks for, in its order.

    Args:
        config: Config.
        directory: Path of the run.
        bucketing: `Bucketing` of the training pairs.
        tokenizers: pair (source, target).
        allowed: modules of the user's own that may be imported.
        chief: bool. Whether this worker writes; hooks of the user's own are
            called in every worker.

    Returns:
        list of callbacks, none for hooks that act before the first step or
        have nothing to do.

    Raises:
        UserError: a class that is not allowed, no callback, or that refuses
            its params.
    """

    def samples(params):
        return TeacherForcedSamples(
            bucketing,
            tokenizers[1],
            directory,
            params.target_delimiter,
            every_n_steps=params.every_n_steps,
            every_n_seconds=params.every_n_secs,
        )

    makers = {
        "PrintModelAnalysisHook": lambda params: ModelAnalysis(directory),
        "MetadataCaptureHook": lambda params: StepTrace(directory, params.step),
        "TrainSampleHook": samples,
    }
    found = []
    for hook in config.hooks:
        if hook.class_name not in HOOKS:
            found.append(_own(hook, directory, allowed))
        elif chief and hook.class_name in makers:
            found.append(makers[hook.class_name](hook.params))
    return found


def hook_remarks(config):
    """Lines about hooks that have nothing to do here, for the banner."""
    names = [hook.class_name for hook in config.hooks]
    told = [text for name, text in REMARKS.items() if name in names]
    if any(_ignored_delimiter(hook) for hook in config.hooks):
        told.append(
            "TrainSampleHook: source_delimiter has no effect, samples show "
            "predictions and targets only."
        )
    return told


def _ignored_delimiter(hook):
    return getattr(hook.params, "source_delimiter", " ") != " "


def _own(hook, directory, allowed):
    """A callback of the user's own, given `model_dir` if it takes that."""
    name, params = hook.class_name, dict(hook.params)
    kind = recipe.find_class(name, {}, allowed)
    if not (
        isinstance(kind, type) and issubclass(kind, keras.callbacks.Callback)
    ):
        raise UserError(
            f"hooks: expected a subclass of keras.callbacks.Callback. "
            f"Received: {name}, {kind!r}"
        )
    if "model_dir" in inspect.signature(kind).parameters:
        params.setdefault("model_dir", str(directory))
    try:
        return kind(**params)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"hooks: {name} cannot be made with params {params}: {error}"
        ) from error
