"""What may be published, by benchmarks/publish.py."""

import pytest

from keras_seq2seq.config.yaml_writer import block
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run
from tests.commands.small_run import small_run
from tests.scripts import benchmark


@pytest.fixture(scope="module")
def publish():
    return benchmark("publish")


@pytest.fixture
def recipe_of(tmp_path):
    """Writes the settings of the small run, with changes, as a recipe."""

    def write(**changes):
        config = read_run(small_run()).config
        values = config.model_dump(mode="json", by_alias=True) | changes
        path = tmp_path / "recipe.yml"
        path.write_text(block(values), encoding="utf-8")
        return path

    return write


def test_a_recipe_leaves_the_parts_of_a_batch_to_the_machine(
    publish, recipe_of
):
    publish.check_recipe(recipe_of(batch_shards=None), small_run())


@pytest.mark.parametrize(
    "change", [{"batch_size": 3}, {"batch_shards": 7}, {"train_steps": 9999}]
)
def test_a_run_with_other_settings_is_none_of_the_recipe(
    publish, recipe_of, change
):
    (name,) = change
    with pytest.raises(UserError, match=name):
        publish.check_recipe(recipe_of(**change), small_run())
