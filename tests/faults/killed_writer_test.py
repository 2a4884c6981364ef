import json

import pytest

from tests.processes import python


@pytest.mark.parametrize("act", ["retain", "replace"])
def test_a_kill_at_any_file_operation_leaves_a_good_checkpoint(tmp_path, act):
    done = python("-m", "tests.faults.killed_writer", tmp_path, act)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    *killed, survivor = found
    assert len(killed) > 15
    assert not survivor["killed"]
    for left in found:
        # For an instant a reader sees the one before the replaced one.
        assert left["found"] in ("ckpt-3", "ckpt-7", "ckpt-12")
        assert left["recovered"] in ("ckpt-7", "ckpt-12")
        assert left["recovered"] == left["latest"]
        assert left["best"] in ("ckpt-7", "ckpt-12")
        assert left["hidden"] == []
