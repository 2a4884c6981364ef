"""The scripts in examples/data/ prepare tiny corpora, without a network."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.tasks.postprocessing import decode_sentencepiece, strip_bpe
from tests.processes import python

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "examples" / "data"


def run(name, *flags):
    """A script's exit code and what it printed on standard error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = python(SCRIPTS / name, *map(str, flags), cwd=ROOT, env=environment)
    return done.returncode, done.stderr


def lines(path):
    return path.read_text(encoding="utf-8").split("\n")[:-1]


# CNN and Daily Mail -------------------------------------------------------


def story(number):
    return (
        f"Story {number} has\u00a0words.\n\nAnd   more of {number}.\n\n"
        f"@highlight\n\nFirst {number}\n\n@highlight\n\nSecond  one\n"
    )


@pytest.fixture(scope="module")
def mail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    for number in range(9, -1, -1):  # not in their order
        kind = folder / ("cnn" if number % 2 else "dailymail") / "stories"
        kind.mkdir(parents=True, exist_ok=True)
        (kind / f"{number}.story").write_text(story(number), encoding="utf-8")
    (kind / "91.story").write_text("", encoding="utf-8")
    (kind / "92.story").write_text("No highlight.", encoding="utf-8")
    flags = ["--dev", 2, "--test", 3, "--size", 45]
    code, told = run(
        "cnn_daily_mail.py",
        *[folder / "cnn", folder / "dailymail"],
        *["--output_dir", folder / "out", *flags],
    )
    assert code == 0, told
    assert "left out: 2 files" in told
    return folder / "out"


def test_a_story_and_its_highlights_become_one_line_each(mail):
    assert lines(mail / "data.stories")[0] == (
        "Story 0 has words. And more of 0."
    )
    assert lines(mail / "data.summaries")[0] == "First 0; Second one"


def test_splits_share_nothing_and_leave_nothing_out(mail):
    for side in ("stories", "summaries"):
        parts = [
            lines(mail / f"{split}.{side}")
            for split in ("dev", "test", "train")
        ]
        assert [len(part) for part in parts] == [2, 3, 5]
        assert sum(parts, []) == lines(mail / f"data.{side}")
        assert len(set(sum(parts, []))) == 10


def test_stories_stand_in_the_order_of_their_names(mail):
    numbers = [line.split()[1] for line in lines(mail / "data.stories")]
    assert numbers == [str(number) for number in range(10)]


def test_pieces_are_those_of_the_joint_model_and_can_be_joined(mail):
    model = SentencePieceTokenizer(mail / "bpe.model")
    assert model.vocabulary_size == 45
    words = Vocabulary.read(mail / "vocab.bpe.txt").words
    for side in ("stories", "summaries"):
        for split in ("dev", "train"):
            pieces = lines(mail / f"{split}.bpe.{side}")
            texts = [decode_sentencepiece(line) for line in pieces]
            assert texts == lines(mail / f"{split}.{side}")
            if split == "train":
                assert {p for line in pieces for p in line.split()} <= set(
                    words
                )


def test_too_few_stories_are_refused(mail):
    code, told = run("cnn_daily_mail.py", mail, "--output_dir", mail / "again")
    assert code == 1
    assert told.startswith("cnn_daily_mail.py: expected more stories than dev")
    assert not (mail / "again").exists()


# WMT'16 -------------------------------------------------------------------

ENGLISH = ["Resumption of the session", "It's low, lower & lowest.", ""]
GERMAN = ["Wiederaufnahme der Sitzung", "Es ist niedrig, niedriger.", "Ja"]
SGM = """<srcset setid="x" srclang="any"><doc docid="1">
<p><seg id="1">{0} one</seg>
<seg id="2">
  {0} two </seg></p></doc></srcset>
"""


def pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def joined(texts):
    return "".join(f"{text}\n" for text in texts)


def archives(folder):
    """Made-up archives under the names and layouts of the real ones."""
    folder.mkdir()
    sides = {"en": ENGLISH, "de": GERMAN}
    for archive, stem in (
        ("europarl-v7.tgz", "europarl-v7.de-en"),
        ("commoncrawl.tgz", "commoncrawl.de-en"),
        ("nc-v11.tgz", "training-parallel-nc-v11/news-commentary-v11.de-en"),
    ):
        files = {f"{stem}.{k}": joined(v) for k, v in sides.items()}
        pack(folder / archive, {**files, f"{stem}.annotation": "no text"})
    pack(
        folder / "dev.tgz",
        {
            "dev/newstest2013.en": "A test.\n\n",
            "dev/newstest2013.de": "Ein Test.\nNein\n",
            "dev/newstest2014-deen-src.de.sgm": SGM.format("Satz"),
            "dev/newstest2014-deen-ref.en.sgm": SGM.format("Sentence"),
            "dev/newstest2014-csen-src.cs.sgm": SGM.format("Veta"),
            "../../newstest2012.en": "Up\n",
            "../../newstest2012.de": "Hoch\n",
        },
    )
    pack(folder / "test.tgz", {"test/readme.txt": "nothing"})
    return folder


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    folder = tmp_path_factory.mktemp("news")
    code, told = wmt(archives(folder / "given"), folder / "out")
    assert code == 0, told
    return folder / "out"


def wmt(given, output):
    return run(
        "wmt16_en_de.py",
        *["--data_dir", given, "--output_dir", output],
        *["--symbols", 20, "--words", 3000, "--processes", 1],
    )


def test_corpora_are_joined_in_step(news):
    assert lines(news / "train.en") == ENGLISH * 3
    assert lines(news / "train.de") == GERMAN * 3


def test_sgm_becomes_text_and_test_sets_keep_every_line(news):
    assert lines(news / "newstest2014.de") == ["Satz one", "Satz two"]
    assert lines(news / "newstest2014.en") == ["Sentence one", "Sentence two"]
    assert lines(news / "newstest2013.tok.en") == ["A test .", ""]
    assert not list(news.glob("newstest2014.cs"))


def test_text_is_tokenised_as_moses_does(news):
    expected = "It &apos;s low , lower &amp; lowest ."
    assert lines(news / "train.tok.en")[1] == expected
    assert lines(news / "train.tok.de")[1] == "Es ist niedrig , niedriger ."


def test_cleaning_drops_pairs_and_never_one_side(news):
    for stem in ("train.clean", "train.tok.clean"):
        counts = {len(lines(news / f"{stem}.{k}")) for k in ("en", "de")}
        assert counts == {6}
    assert "Ja" not in lines(news / "train.clean.de")


def test_subwords_are_joint_and_can_be_joined(news):
    vocabulary = set(lines(news / "vocab.bpe.20"))
    for language in ("en", "de"):
        cut = lines(news / f"train.tok.clean.bpe.20.{language}")
        whole = lines(news / f"train.tok.clean.{language}")
        assert [strip_bpe(line) for line in cut] == whole
        assert {piece for line in cut for piece in line.split()} <= vocabulary
        test = lines(news / f"newstest2014.tok.bpe.20.{language}")
        assert len(test) == 2
    assert len(Vocabulary.read(news / "vocab.bpe.20").words) == len(vocabulary)


def test_vocabularies_of_words_and_characters_are_there(news):
    assert "niedrig" in Vocabulary.read(news / "vocab.3k.de").words
    assert " " in Vocabulary.read(news / "vocab.tok.char.en").words
    assert "&" in Vocabulary.read(news / "vocab.char.en").words


def test_no_member_of_an_archive_leaves_the_directory(news):
    assert lines(news / "newstest2012.en") == ["Up"]
    above = news.parent
    assert sorted(path.name for path in above.iterdir()) == ["given", "out"]


def test_a_damaged_archive_is_named(tmp_path):
    given = archives(tmp_path / "given")
    (given / "commoncrawl.tgz").write_bytes(b"<html>not found</html>")
    code, told = wmt(given, tmp_path / "out")
    assert code == 1
    assert "commoncrawl.tgz: expected a tar archive" in told


def test_corpora_out_of_step_are_refused(tmp_path):
    given = archives(tmp_path / "given")
    stem = "commoncrawl.de-en"
    pack(given / "commoncrawl.tgz", {f"{stem}.en": "a\n", f"{stem}.de": ""})
    code, told = wmt(given, tmp_path / "out")
    assert code == 1
    assert "commoncrawl: 1 English and 0 German" in told
    assert not (tmp_path / "out" / "train.en").exists()
