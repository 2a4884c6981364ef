"""Prepares WMT'16 English-German for training.

    pip install 'keras-seq2seq[bpe,moses]'
    python wmt16_en_de.py --data_dir wmt16_raw --output_dir wmt16_de_en

Archives that are missing in `data_dir` are downloaded to it (1.7 GB); put
them there yourself where there is no network. Results that exist in
`output_dir` stay, so an interrupted preparation goes on. In `output_dir`:

- `train.{en,de}`: Europarl v7, Common Crawl and News Commentary v11;
- `newstest20??.{en,de}`: the dev and test sets, without a line left out;
- `*.tok.{en,de}`: the same, tokenised as Moses does (by sacremoses);
- `train.clean.*`, `train.tok.clean.*`: pairs of 1 to 80 words on each side,
  neither more than nine times as long as the other, as Moses cleans;
- `*.bpe.32000.{en,de}`: those and the tokenised sets as joint subwords, with
  the codes `bpe.32000` and the vocabulary `vocab.bpe.32000`;
- `vocab.50k.*`, `vocab.char.*`, `vocab.tok.char.*`: words and characters.
"""

import argparse
import functools
import multiprocessing
import os
import re
import shutil
import sys
import tarfile
import urllib.request
from pathlib import Path

from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.marked_subwords import learn_codes, segmenter, subwords
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.data.write_file import write_file, writing
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import FIRST_WORD

LANGUAGES = ("en", "de")
HOME = "https://www.statmt.org"
WMT16 = "https://data.statmt.org/wmt16/translation-task"
ARCHIVES = {
    "europarl-v7.tgz": f"{HOME}/europarl/v7/de-en.tgz",
    "commoncrawl.tgz": f"{HOME}/wmt13/training-parallel-commoncrawl.tgz",
    "nc-v11.tgz": f"{WMT16}/training-parallel-nc-v11.tgz",
    "dev.tgz": f"{WMT16}/dev.tgz",
    "test.tgz": f"{WMT16}/test.tgz",
}
TRAINING = ("europarl-v7", "commoncrawl", "news-commentary-v11")
WANTED = re.compile(
    rf"(?P<corpus>{'|'.join(TRAINING)})\.de-en\.(?P<language>en|de)"
    r"|(?P<test>newstest20\d\d)(-deen-(src|ref))?\.(?P<side>en|de)(\.sgm)?"
)
SEGMENT = re.compile(r"<seg[^>]*>(.*?)</seg>", re.DOTALL | re.IGNORECASE)
LONGEST, RATIO = 80, 9


def flags():
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--output_dir", type=Path, required=True)
    parser.add_argument("--symbols", type=int, default=32_000, help="of BPE")
    parser.add_argument("--words", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    return parser.parse_args()


def download(name, address, directory):
    """The archive's path, downloaded if it is not there."""
    path = directory / name
    if path.exists():
        return path
    print(f"{address} -> {path}", file=sys.stderr)
    try:
        with urllib.request.urlopen(address) as answer, writing(path) as file:
            shutil.copyfileobj(answer, file)
    except OSError as error:
        raise UserError(
            f"{address} cannot be downloaded ({error}). Download it elsewhere "
            f"and save it as {path}."
        ) from error
    return path


def unpack(archive, directory):
    """Writes the texts of an archive under short names, once."""
    done = directory / f"{archive.name}.unpacked"
    if done.exists():
        return
    try:
        with tarfile.open(archive) as members:
            for member in members:
                found = WANTED.fullmatch(Path(member.name).name)
                if found and member.isfile():
                    data = members.extractfile(member).read()
                    if member.name.endswith(".sgm"):
                        data = text_of_sgm(data.decode("utf-8"))
                    stem = found["corpus"] or found["test"]
                    language = found["language"] or found["side"]
                    write_file(directory / f"{stem}.{language}", data)
    except (tarfile.TarError, EOFError, OSError, UnicodeError) as error:
        raise UserError(
            f"{archive}: expected a tar archive of UTF-8 texts ({error}). "
            "Delete it to have it downloaded again."
        ) from error
    write_file(done, "")


def text_of_sgm(text):
    """One line per segment; entities stay, as Moses leaves them."""
    segments = (" ".join(each.split()) for each in SEGMENT.findall(text))
    return "".join(f"{segment}\n" for segment in segments)


def check_parallel(raw, stem):
    """Demands both sides of a corpus, equally long."""
    paths = [raw / f"{stem}.{language}" for language in LANGUAGES]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise UserError(f"the archives hold no {missing[0]}")
    counts = [sum(1 for _ in read_lines(path)) for path in paths]
    if counts[0] != counts[1]:
        raise UserError(f"{stem}: {counts[0]} English and {counts[1]} German")


def join_training(raw, output):
    """Writes `train.en` and `train.de`."""
    for language in LANGUAGES:
        parts = (
            read_lines(raw / f"{corpus}.{language}") for corpus in TRAINING
        )
        save(output / f"train.{language}", (x for part in parts for x in part))


def save(path, lines):
    """Writes lines, unless they are there already."""
    if not path.exists():
        print(path, file=sys.stderr)
        with writing(path) as file:
            file.writelines(f"{line}\n".encode() for line in lines)


@functools.cache
def tokenizer(language):
    """The tokenizer of Moses."""
    try:
        from sacremoses import MosesTokenizer
    except ImportError as error:
        raise UserError(
            "sacremoses is missing: pip install 'keras-seq2seq[moses]'"
        ) from error
    return MosesTokenizer(language)


def tokenised(language, line):
    """A line in words, special characters escaped."""
    return tokenizer(language).tokenize(line, return_str=True)


def tokenise(path, processes):
    """Writes `x.tok.en` of `x.en`; returns it."""
    stem, language = path.name.rsplit(".", 1)
    result = path.with_name(f"{stem}.tok.{language}")
    function = functools.partial(tokenised, language)
    if processes == 1:
        save(result, map(function, read_lines(path)))
    elif not result.exists():
        with multiprocessing.Pool(processes) as pool:
            save(result, pool.imap(function, read_lines(path), chunksize=1000))
    return result


def clean(output, stem):
    """Writes the pairs of `stem` whose lengths are fit for training."""
    sides = [output / f"{stem}.{language}" for language in LANGUAGES]
    for place, language in enumerate(LANGUAGES):
        pairs = zip(*map(read_lines, sides), strict=True)
        kept = (each[place] for each in pairs if fits(each))
        save(output / f"{stem}.clean.{language}", kept)


def fits(pair):
    """Whether both sides have 1 to 80 words and comparable lengths."""
    short, long = sorted(len(text.split()) for text in pair)
    return 1 <= short and long <= min(LONGEST, RATIO * short)


def vocabularies(output, words):
    """Writes the vocabularies of words and characters."""
    for language in LANGUAGES:
        for kind, source, name, size in (
            ("character", "train.clean", "vocab.char", None),
            ("character", "train.tok.clean", "vocab.tok.char", None),
            ("word", "train.tok.clean", f"vocab.{words // 1000}k", words),
        ):
            result = output / f"{name}.{language}"
            if not result.exists():
                size = size and size + FIRST_WORD
                source = output / f"{source}.{language}"
                train_tokenizer([source], kind, result, size=size)


def byte_pairs(output, symbols, files):
    """Learns joint codes and cuts all files."""
    codes = output / f"bpe.{symbols}"
    train = [output / f"train.tok.clean.{each}" for each in ("de", "en")]
    if not codes.exists():
        lines = (line for path in train for line in read_lines(path))
        write_file(codes, learn_codes(lines, symbols))
    cut = segmenter(codes)
    results = []
    for path in [*train, *files]:
        stem, language = path.name.rsplit(".", 1)
        results.append(output / f"{stem}.{codes.name}.{language}")
        save(results[-1], map(cut, read_lines(path)))
    lines = (line for path in results[:2] for line in read_lines(path))
    found = (word for word, _ in subwords(lines))
    save(output / f"vocab.{codes.name}", found)


def main():
    """Makes what is not there yet, step by step."""
    given = flags()
    raw, output = given.output_dir / "raw", given.output_dir
    tokenizer("en")  # hours later would be a bad moment to miss it
    given.data_dir.mkdir(parents=True, exist_ok=True)
    for name, address in ARCHIVES.items():
        unpack(download(name, address, given.data_dir), raw)
    sets = sorted({path.stem for path in raw.glob("newstest*")})
    for stem in (*TRAINING, *sets):
        check_parallel(raw, stem)
    join_training(raw, output)
    texts = []
    for stem in ("train", *sets):
        for language in LANGUAGES:
            path = output / f"{stem}.{language}"
            if stem != "train":
                save(path, read_lines(raw / path.name))
            texts.append(tokenise(path, given.processes))
    clean(output, "train")
    clean(output, "train.tok")
    vocabularies(output, given.words)
    byte_pairs(output, given.symbols, texts[len(LANGUAGES) :])


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"wmt16_en_de.py: {error}")
