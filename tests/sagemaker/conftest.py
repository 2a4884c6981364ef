import pytest

from tests.sagemaker import jobs


@pytest.fixture(scope="session")
def settings_that_are_there():
    """Plain settings while those of the hyperparameters are being made."""
    from keras_seq2seq.sagemaker import job

    with pytest.MonkeyPatch.context() as patch:
        if not jobs.all_settings_are_there():
            patch.setattr(job, "upgrade", jobs.settings)
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory, settings_that_are_there):
    """The directory of a job that has been trained."""
    root = jobs.write_job(tmp_path_factory.mktemp("job"))
    assert jobs.train(root) == 0
    return root
