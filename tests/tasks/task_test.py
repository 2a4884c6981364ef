import pytest

from keras_seq2seq.tasks import Task, running


class Noted(Task):
    def __init__(self, told):
        self.told = told

    def begin(self, model, search):
        self.told.append(("begin", model, search))

    def __call__(self, generation):
        self.told.append(generation)

    def end(self, error=None):
        self.told.append(("end", error))


def test_a_task_begins_and_ends_once():
    told = []
    with running(Noted(told), "model", "search") as task:
        task(1)
    assert told == [("begin", "model", "search"), 1, ("end", None)]


def test_a_task_is_told_of_the_error_that_ends_it():
    told, error = [], KeyError("x")
    with pytest.raises(KeyError), running(Noted(told), None, None):
        raise error
    assert told[-1] == ("end", error)


def test_a_task_needs_nothing_but_a_call():
    class Short(Task):
        def __call__(self, generation):
            return "said"

    with running(Short(), None, None) as task:
        assert task(None) == "said"
    assert not (task.needs_attention or task.needs_history)
    with pytest.raises(NotImplementedError, match="Task must have a call"):
        Task()(None)
