"""The command line: `keras-seq2seq COMMAND` or `python -m keras_seq2seq`."""

import argparse
import collections
import difflib
import importlib
import os
import sys

import keras_seq2seq
from keras_seq2seq.errors import UserError

# Command -> (module in keras_seq2seq.commands, what it does).
COMMANDS = {
    "train": ("train", "train a model, or go on with a run"),
    "infer": ("infer", "generate targets with a trained model"),
    "evaluate": ("evaluate", "score text against references"),
    "score": ("score", "log-probabilities of given pairs"),
    "serve": ("serve", "answer HTTP requests with a trained model"),
    "average": ("average", "average the weights of checkpoints"),
    "vocab": ("vocab", "build a vocabulary or a subword model"),
    "prepare": ("prepare", "encode a corpus once, for many trainings"),
    "records": ("records", "write TFRecords from text, or show them"),
    "beam-viz": ("beam_viz", "draw the trees of a beam search as HTML"),
    "config": ("config", "show settings, upgrade old ones, print the schema"),
    "toy-data": ("toy_data", "write a toy corpus: copy, reverse or sort"),
    "bleu": ("bleu", "print BLEU as multi-bleu.perl does"),
    "lexicon": ("lexicon", "learn a shortlist of translations for each word"),
    "bpe": ("bpe", "learn and apply byte pair encoding, marked by @@"),
    "quickstart": ("quickstart", "train on real data that is installed"),
    "sagemaker": (
        "sagemaker",
        "prepare, train and pack jobs of SageMaker's seq2seq",
    ),
    "selftest": ("selftest", "check what this machine's devices compute"),
    "inspect": ("inspect", "list a model's parameters, or write them out"),
    "metrics": ("metrics", "print a training's metrics as a table"),
    "profile": ("profile", "tell where parameters and time go"),
    "benchmark": ("benchmark", "measure training and decoding here"),
}

MAPPINGS = (
    "--model_params",
    "--hyperparameters",
    "--input_pipeline_train",
    "--input_pipeline_dev",
    "--input_pipeline",
    "--tasks",
)


class _Parser(argparse.ArgumentParser):
    """Complains in our words: no page of usage before the point."""

    def error(self, message):
        mark = "" if message.endswith("?") else "."
        raise UserError(
            f"{message}{mark} For all options type {self.prog} --help"
        )

    def parse_all(self, argv):
        """Parses `argv`; an unknown flag brings the nearest one to mind."""
        arguments, _ = self.parse_known_args(argv)
        self._check_once(argv)
        return arguments

    def parse_known_args(self, args=None, namespace=None):
        """Refuses the rest here, where its flags are known: a verb's parser
        is called by that of the command."""
        arguments, rest = super().parse_known_args(args, namespace)
        if rest:
            self._refuse(rest[0])
        return arguments, rest

    def _refuse(self, typed):
        if not typed.startswith("-"):
            self.error(f"there is no flag in front of `{typed}` that takes it")
        name = typed.partition("=")[0]
        near = difflib.get_close_matches(name, self._option_string_actions, n=1)
        hint = f", did you mean `{near[0]}`?" if near else ""
        self.error(f"there is no flag `{name}`{hint}")

    def _check_once(self, argv):
        """Refuses a mapping that is given twice: the first would be lost.

        Of plain values the last wins, as scripts expect.
        """
        typed = collections.Counter(text.partition("=")[0] for text in argv)
        for name in MAPPINGS:
            if (count := typed[name]) > 1:
                self.error(
                    f"the flag `{name}` is given {count} times. Put all of it "
                    "into one"
                )


def main(argv=None):
    """Runs one command.

    Returns:
        int: the exit code, see `keras_seq2seq.errors`.
    """
    _print_utf_8()
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] in ("-h", "--help"):
        print(_overview())
        return 0 if argv else 2
    if argv[0] == "--version":
        print(f"keras-seq2seq {keras_seq2seq.__version__}")
        return 0
    if argv[0] not in COMMANDS:
        return _complain(_unknown(argv[0]), 2)
    return _run(argv[0], argv[1:])


def _print_utf_8():
    """Makes what is printed UTF-8, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


def _run(name, argv):
    module, summary = COMMANDS[name]
    command = importlib.import_module(f"keras_seq2seq.commands.{module}")
    parser = _Parser(
        f"keras-seq2seq {name}", description=summary, allow_abbrev=False
    )
    command.add_arguments(parser)
    try:
        return command.run(parser.parse_all(argv)) or 0
    except UserError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nothing left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _overview():
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {COMMANDS[name][1]}" for name in COMMANDS]
    return "\n".join(
        [
            "usage: keras-seq2seq COMMAND [options]",
            "",
            "Sequence-to-sequence models: train, translate, score.",
            "",
            *lines,
            "",
            "keras-seq2seq COMMAND --help tells a command's options.",
        ]
    )


def _unknown(name):
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return (
        f"there is no command `{name}`.{hint} Commands: {', '.join(COMMANDS)}"
    )


def _complain(message, code):
    print(f"keras-seq2seq: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
