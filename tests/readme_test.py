import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def published():
    for path in sorted((REPOSITORY / "zoo").glob("*.yml")):
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
        for result in recipe.get("published") or ():
            yield path.name, result


def test_the_first_screen_has_two_commands_to_set_up():
    first = README.partition("\n## ")[0]
    commands = re.findall(r"```bash\n(.*?)\n```", first, re.DOTALL)
    assert commands == [
        "pip install '.[quickstart]' && keras-seq2seq quickstart",
        "pip install -e '.[test]' && python -m pytest",
    ]


@pytest.mark.parametrize(("name", "result"), list(published()))
def test_every_published_result_stands_in_the_table(name, result):
    (row,) = [
        line
        for line in README.splitlines()
        if line.startswith(f"| `zoo/{name}` | {result['split']} ")
    ]
    assert str(result["value"]) in row


def test_every_result_of_the_table_is_published():
    rows = re.findall(r"^\| `zoo/(.*?)` \| (.*?) \|", README, re.MULTILINE)
    known = {(name, result["split"]) for name, result in published()}
    assert set(rows) <= known
