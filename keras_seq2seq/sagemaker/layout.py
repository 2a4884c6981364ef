"""Where a job's files lie, as below `/opt/ml`."""

import dataclasses
from pathlib import Path

from keras_seq2seq.config.yaml_reader import parse_json, read_text
from keras_seq2seq.errors import UserError

VOCABULARIES = ("vocab.src.json", "vocab.trg.json")
TRAIN_FILE, VALIDATION_FILE = "train.rec", "val.rec"
DEFAULT_HOST = "algo-1"
PREPARE = (
    "Write it with `keras-seq2seq sagemaker prepare --root {root} -ts SOURCE "
    "-tt TARGET -vs SOURCE -vt TARGET`."
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """A job's directory.

    Args:
        root: Path. What is `/opt/ml` in a container.

    Source:
        Amazon SageMaker, "How Amazon SageMaker provides training
        information" and "... processes training output".
    """

    root: Path

    @property
    def hyperparameters(self):
        """Path of `hyperparameters.json`."""
        return self._config("hyperparameters")

    @property
    def model(self):
        """Directory of the finished model, which the service packs."""
        return self.root / "model"

    @property
    def failure(self):
        """File of the reason why a job failed."""
        return self.root / "output" / "failure"

    @property
    def run(self):
        """Directory of the training, which outlives the job.

        The service keeps `checkpoints/` if the job asks for it.
        """
        kept = self.root / "checkpoints"
        return (kept if kept.is_dir() else self.root / "output") / "run"

    def channel(self, name):
        """Directory of a channel of data."""
        return self.root / "input" / "data" / name

    def records(self, name):
        """All files of a channel, in subdirectories, too, in order.

        Hidden and empty files, such as `_SUCCESS`, are none of them.

        Raises:
            UserError: no such channel, or nothing in it.
        """
        folder = self.channel(name)
        found = [
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            and path.stat().st_size
            and not any(
                part.startswith(".") for part in path.relative_to(folder).parts
            )
        ]
        if not found:
            state = "is empty" if folder.is_dir() else "is missing"
            raise UserError(
                f"{folder}: the channel `{name}` {state}. A job needs the "
                "channels train and validation with RecordIO-protobuf files, "
                f"and vocab. {self.prepare}"
            )
        return found

    def vocabularies(self):
        """Paths of the vocabularies (source, target) in their channel.

        Raises:
            UserError: one is missing.
        """
        folder = self.channel("vocab")
        paths = [folder / name for name in VOCABULARIES]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            there = folder.iterdir() if folder.is_dir() else ()
            held = sorted(path.name for path in there)[:8]
            raise UserError(
                f"{folder}: Vocab files are not present in the input "
                f"directory: {' and '.join(missing)}. The channel `vocab` "
                f"holds: {', '.join(held) or 'nothing'}. {self.prepare}"
            )
        return paths

    @property
    def prepare(self):
        """What writes the channels."""
        return PREPARE.format(root=self.root)

    def read_hyperparameters(self):
        """The hyperparameters, a dict.

        Raises:
            UserError: no such file, no JSON object.
        """
        if not self.hyperparameters.is_file():
            raise UserError(
                f"{self.hyperparameters}: expected a JSON object of "
                'hyperparameters, such as {"batch_size": "64"}. Received: no '
                "such file. With {} in it all have their defaults."
            )
        return _read_object(self.hyperparameters)

    def host(self):
        """Name of this machine in the job.

        Raises:
            UserError: the job has several.
        """
        resources = self._read_if_there("resourceconfig")
        hosts = resources.get("hosts", [DEFAULT_HOST])
        if not isinstance(hosts, list) or len(hosts) > 1:
            raise UserError(
                f"{self._config('resourceconfig')}: hosts: expected one "
                f"machine, with any number of GPUs. Received: {hosts!r}. Set "
                "the job's instance count to 1; several machines train with "
                "`keras-seq2seq train --strategy multi_worker_mirrored`."
            )
        return str(resources.get("current_host", DEFAULT_HOST))

    def check_channels(self):
        """Refuses channels that are not given as files.

        Raises:
            UserError: a channel in another input mode or of another type.
        """
        path = self._config("inputdataconfig")
        for name, channel in self._read_if_there("inputdataconfig").items():
            if not isinstance(channel, dict):
                raise UserError(
                    f"{path}: {name}: expected an object. Received: {channel!r}"
                )
            mode = channel.get("TrainingInputMode", "File")
            if mode not in ("File", "FastFile"):
                raise UserError(
                    f"{path}: {name}: TrainingInputMode: expected File. "
                    f"Received: {mode!r}. Set the job's input mode to File."
                )

    def _read_if_there(self, name):
        path = self._config(name)
        return _read_object(path) if path.is_file() else {}

    def _config(self, name):
        return self.root / "input" / "config" / f"{name}.json"


def _read_object(path):
    found = parse_json(read_text(str(path)), str(path))
    if not isinstance(found, dict):
        raise UserError(
            f"{path}: expected a JSON object. Received: {found!r}"[:500]
        )
    return found
