from keras_seq2seq.config.paths import resolve_paths
from keras_seq2seq.config.schema import Config

PIPELINE = {
    "class": "ParallelTextInputPipeline",
    "params": {"source_files": ["a.*", "/b"], "target_files": "$HOME/c"},
}


def resolved(**settings):
    return resolve_paths(Config.model_validate(settings))


def test_relative_paths_begin_at_the_data_directory():
    config = resolved(
        data_dir="d",
        input_pipeline_train=PIPELINE,
        input_pipeline_dev=PIPELINE,
        model_params={"vocab_source": "v", "embedding.target_file": "e.npy"},
    )
    for pipeline in (config.input_pipeline_train, config.input_pipeline_dev):
        assert pipeline.params.source_files == ("d/a.*", "/b")
        assert pipeline.params.target_files == ("d/$HOME/c",)
    assert config.model_params.vocab_source == "d/v"
    assert config.model_params.vocab_target == ""
    assert config.model_params.embedding_target_file == "d/e.npy"


def test_what_is_prepared_is_no_data():
    config = resolved(
        data_dir="d",
        prepare=[{"output": "bpe.model", "kind": "bpe", "files": "train.*"}],
        model_params={"vocab_source": "bpe.model", "vocab_target": "v"},
    )
    assert config.prepare[0].output == "bpe.model"
    assert config.prepare[0].files == ("d/train.*",)
    assert config.model_params.vocab_source == "bpe.model"
    assert config.model_params.vocab_target == "d/v"


def test_without_a_data_directory_paths_stay():
    config = resolved(input_pipeline_train=PIPELINE)
    assert config.input_pipeline_train.params.source_files == ("a.*", "/b")


def test_a_users_own_pipeline_keeps_its_paths():
    pipeline = {"class": "mine.Pipeline", "params": {"source_files": ["a"]}}
    config = resolved(data_dir="d", input_pipeline_train=pipeline)
    given = config.input_pipeline_train.params.model_extra
    assert given == {"source_files": ["a"]}
