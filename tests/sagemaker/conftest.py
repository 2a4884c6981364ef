import pytest

from tests.sagemaker import jobs


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The directory of a job that has been trained."""
    root = jobs.write_job(tmp_path_factory.mktemp("job"))
    assert jobs.train(root) == 0
    return root
