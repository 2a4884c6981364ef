"""From a configuration to a training that can begin, or go on."""

import random

import keras

from keras_seq2seq import checkpoint, recipe
from keras_seq2seq.config.files import PRESENT
from keras_seq2seq.config.sagemaker import DIALECT as SAGEMAKER
from keras_seq2seq.config.sagemaker_rules import check_data
from keras_seq2seq.dev_scores import dev_scores
from keras_seq2seq.distribution import (
    batch_shards,
    check_divides,
    choose_strategy,
    workers_of,
)
from keras_seq2seq.errors import UserError
from keras_seq2seq.freezing import freeze
from keras_seq2seq.hooks import hook_callbacks, hook_remarks
from keras_seq2seq.initial_weights import (
    initial_weights,
    shortened,
    write_account,
)
from keras_seq2seq.run_callbacks import run_callbacks
from keras_seq2seq.run_files import (
    check_tokenizers,
    check_unchanged,
    stored_config,
    write_left_out,
    write_run,
)
from keras_seq2seq.start_banner import start_banner
from keras_seq2seq.training_remarks import training_remarks
from keras_seq2seq.training_run import Run, last_step


def set_up(
    config,
    directory,
    allowed=(),
    say=print,
    workers=None,
    dialect=PRESENT,
    callbacks=(),
):
    """Builds everything and restores the newest checkpoint, if there is one.

    Args:
        config: Config.
        directory: Path of the run.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.
        workers: `distribution.Workers`; None: as the configuration says.
        dialect: str. In which the configuration was written.
        callbacks: more callbacks, as `train` has them.

    Returns:
        `Run`.
    """
    workers = workers or workers_of(choose_strategy(config.strategy))
    strategy = workers.strategy
    config = _resolved(config, directory, workers)
    keras.utils.set_random_seed(config.tf_random_seed)
    keras.config.set_dtype_policy(config.precision)
    made = _prepared(config, directory, workers, allowed)
    pair = recipe.tokenizers(config, made)
    check_tokenizers(directory, pair)
    train, dev = _selections(config, pair, allowed)
    pairs = train.pairs
    replicas = strategy.num_replicas_in_sync
    ruled = dialect == SAGEMAKER
    if ruled:
        _check_hyperparameters(config, pair[1], pairs, replicas, say)
    elif config.batch_type == "sentences":
        check_divides(config.batch_size, replicas)
    bucketing = recipe.bucketing(config, pairs, replicas, workers.share)
    with strategy.scope():
        model, vectors, frozen = compiled_model(
            recipe.with_length_ratio(config, pairs.length_ratio), pair, allowed
        )
    scores = dev_scores(config, pair, allowed)
    hooks = hook_callbacks(
        config, directory, bucketing, pair, allowed, workers.is_chief
    )
    end = last_step(config, bucketing)
    extra = {"dev": dev and dev.pairs.fingerprint}
    callbacks = run_callbacks(
        config,
        directory,
        bucketing,
        extra,
        scores,
        workers,
        [*hooks, *callbacks],
        end,
    )
    run = Run(
        config,
        directory,
        model,
        workers,
        bucketing,
        dev and dev.pairs,
        scores,
        callbacks,
        retention=callbacks[-1],
        last_step=end,
    )
    for line in [
        *start_banner(run, strategy),
        *vectors,
        *frozen,
        *hook_remarks(config),
        *training_remarks(config, bucketing, ruled),
        *_pair_remarks(train, dev),
    ]:
        say(line)
    restored = _restored(run)
    if restored is None:
        _initialise(run, pair, frozen, say)
    else:
        _check_dev(restored["extra"] or {}, extra)
        say(f"Going on from {restored['path'].name}.")
    recipe.keep_features(config, model, pairs, run.dev)
    if workers.is_chief:
        # Not before: what a run holds already stays, if it cannot go on.
        write_run(directory, config, pair, dialect, pairs.length_ratio)
        write_left_out(directory, _left_out(pairs, run.dev))
    return run


def _selections(config, pair, allowed):
    """The `Selection` of training pairs, and of development pairs or None."""
    train = recipe.selected(
        config,
        recipe.training_pairs(config, pair, allowed),
        "input_pipeline_train",
    )
    dev = config.input_pipeline_dev and recipe.evaluation_pairs(
        config, config.input_pipeline_dev, pair, "input_pipeline_dev", allowed
    )
    return train, dev


def _pair_remarks(train, dev):
    """Lines about pairs that are left out or cut off, of both `Selection`s."""
    return [
        f"input_pipeline_{part}: {line}"
        for part, selection in (("train", train), ("dev", dev))
        if selection
        for line in selection.remarks
    ]


def _left_out(pairs, dev):
    """A line for each pair or picture that is left out of the corpora."""
    of_dev = (
        [f"{line} (development data)" for line in dev.left_out] if dev else []
    )
    return [*pairs.left_out, *of_dev]


def compiled_model(config, pair, allowed=()):
    """The model as it is trained, under the current strategy and precision.

    Args:
        config: Config.
        pair: tokenizers (source, target).
        allowed: modules of the user's own that may be imported.

    Returns:
        `Seq2Seq`, compiled, its optimizer built, lines about its pretrained
        vectors, and lines about its frozen variables.
    """
    model = recipe.model(config, pair, config.tf_random_seed, allowed)
    recipe.initialise(model, config)
    told = recipe.pretrained(model, config.model_params, pair)
    frozen = freeze(model, config.freeze)
    model.batch_shards = batch_shards(config)
    model.compile(recipe.optimizer(config, allowed))
    model.optimizer.build(model.trainable_variables)
    return model, told, frozen


def _prepared(config, directory, workers, allowed):
    """Vocabularies, which the chief makes while the others wait."""
    if not workers.is_chief:
        workers.wait()
    made = recipe.prepare(config, directory, allowed)
    if workers.is_chief:
        workers.wait()
    return made


def _check_hyperparameters(config, tokenizer, pairs, replicas, say):
    """What SageMaker's rules say of the data."""
    by_pairs = config.batch_type == "sentences"
    for line in check_data(
        config.batch_size,
        config.model_params.inference_beam_width,
        tokenizer.vocabulary_size,
        len(pairs) if by_pairs else None,
        replicas if by_pairs else 1,
    ):
        say(line)


def _initialise(run, pair, frozen, say):
    """Takes weights of another run, where the configuration names one."""
    account = initial_weights(run.config, run.model, pair)
    for line in account:
        say(shortened(line))
    if run.workers.is_chief:
        write_account(run.directory, [*account, *frozen])


def _restored(run):
    """Goes on from the checkpoint that the chief finds; None for none."""
    workers, retention = run.workers, run.retention
    if workers.count == 1:
        return retention.restore(run.model)
    path = checkpoint.recover(run.directory) if workers.is_chief else None
    step = -1 if path is None else int(path.name.rpartition("-")[2])
    step = workers.from_chief(step)
    if step < 0:
        return None
    return retention.restore(run.model, path=run.directory / f"ckpt-{step}")


def _check_dev(stored, extra):
    """Refuses to compare evaluations on different data.

    Args:
        stored: dict. What the run has saved; its fingerprint is kept where
            there are no development data now.
        extra: dict. What it saves from now on.
    """
    before = stored.get("dev")
    if extra["dev"] is None:
        extra["dev"] = before
    elif before not in (None, extra["dev"]):
        raise UserError(
            "The development data are not those with which the run began. Put "
            "the files back, or type another --output_dir."
        )


def _resolved(config, directory, workers):
    """The configuration with what a run keeps, checked against the run's own.

    The seed and the number of shards are chosen once, and the same when it goes
    on.
    """
    stored = stored_config(directory)
    if stored is not None and stored.batch_shards is None:
        # It was begun when there were none.
        stored = stored.model_copy(update={"batch_shards": 1})
    seed = config.tf_random_seed
    if seed is None:
        seed = (
            random.SystemRandom().randrange(2**31)
            if stored is None
            else stored.tf_random_seed
        )
        seed = workers.from_chief(seed)
    shards = config.batch_shards
    if shards is None:
        shards = stored.batch_shards if stored else batch_shards(config)
    config = config.model_copy(
        update={
            "tf_random_seed": seed,
            "batch_shards": shards,
            "output_dir": str(directory),
            # Kept, to tell where the weights once came from.
            "init_from": config.init_from or (stored and stored.init_from),
        }
    )
    if stored is not None:
        check_unchanged(stored, config, directory)
    return config
