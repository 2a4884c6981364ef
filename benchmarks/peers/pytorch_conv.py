"""Trains the hand-written PyTorch ConvS2S and decodes with it; prints JSON.

pytorch_conv.py DATA UPDATES SENTENCES THREADS
"""

import json
import random
import statistics
import sys
import time
from pathlib import Path

import torch
from pytorch_conv_model import PAD, ConvS2S
from torch.nn import functional

UNKNOWN, START, END = 1, 2, 3
FIRST = 4  # the id of the first word
WARMUP, BATCH = 10, 64
STEPS = 105
ROWS, BEAMS, SOURCE = 64, 5, 15


def read(data, split, language):
    """Rows of ids, END included, and the size of the vocabulary."""
    words = (data / f"vocab.{language}").read_text("utf-8").splitlines()
    ids = {word: number for number, word in enumerate(words, FIRST)}
    lines = (data / f"{split}.{language}").read_text("utf-8").splitlines()
    rows = [[ids.get(word, UNKNOWN) for word in line.split()] for line in lines]
    return [[*row, END] for row in rows], len(words) + FIRST


def padded(rows):
    """An int tensor `(B, L)`."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def batches(sources, targets):
    """Batches of like length, in a new order in each pass."""
    order = sorted(
        range(len(sources)), key=lambda i: (len(sources[i]), len(targets[i]))
    )
    parts = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    chance = random.Random(1)
    while True:
        chance.shuffle(parts)
        for part in parts:
            labels = [targets[i] for i in part]
            inputs = [[START, *row[:-1]] for row in labels]
            yield padded([sources[i] for i in part]), padded(inputs), labels


def train(model, stream, updates):
    """Real target tokens a second, behind the warm-up."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    model.train()
    tokens = 0
    for update, (source, inputs, labels) in enumerate(stream):
        if update == WARMUP:
            began, tokens = time.perf_counter(), 0
        if update == WARMUP + updates:
            return round(tokens / (time.perf_counter() - began), 1)
        optimizer.zero_grad()
        logits = model(source, inputs)
        loss = functional.cross_entropy(
            logits.flatten(0, 1), padded(labels).flatten(), ignore_index=PAD
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        tokens += sum(map(len, labels))


def step(model, words, memory):
    """Log-probabilities of the next word, by computing the prefix again."""
    features = model.decoder(words, *memory)[:, -1]
    return model.decoder.logits(features).log_softmax(1)


def repeated(memory, count):
    """The memory of each sentence, once for each hypothesis."""
    return [each.repeat_interleave(count, 0) for each in memory]


def step_ratio(model):
    """Time of step 100 over that of step 10, medians of ten around them."""
    source = torch.randint(FIRST, 99, (ROWS, SOURCE))
    memory = repeated(model.encoder(source), BEAMS)
    seconds = []
    for length in [*range(6, 16), *range(96, 106)]:
        words = torch.full((ROWS * BEAMS, length), 5)
        began = time.perf_counter()
        step(model, words, memory)
        seconds.append(time.perf_counter() - began)
    late, early = seconds[10:], seconds[:10]
    return round(statistics.median(late) / statistics.median(early), 3)


def beam(model, source, width=5, length=20):
    """Ids `(B, K, length)`, none ended before its time."""
    rows = len(source)
    memory = repeated(model.encoder(source), width)
    words = torch.full((rows * width, 1), START)
    scores = torch.full((rows, width), -1e9)
    scores[:, 0] = 0.0
    starts = torch.arange(rows).unsqueeze(1) * width
    for _ in range(length):
        logs = step(model, words, memory)
        logs[:, END] = -1e9
        total = scores.unsqueeze(2) + logs.view(rows, width, -1)
        scores, best = total.flatten(1).topk(width)
        parents = (starts + best // logs.shape[1]).flatten()
        chosen = (best % logs.shape[1]).view(-1, 1)
        words = torch.cat([words[parents], chosen], 1)
    return words[:, 1:].view(rows, width, length)


def beam_speed(model, rows):
    """Sentences/s in batches of like length, as ours are decoded."""
    rows = sorted(rows, key=len)
    began = time.perf_counter()
    for start in range(0, len(rows), 2 * BATCH):
        beam(model, padded(rows[start : start + 2 * BATCH]))
    return round(len(rows) / (time.perf_counter() - began), 2)


def main():
    """Trains, decodes and prints."""
    data, *numbers = sys.argv[1:]
    updates, sentences, threads = map(int, numbers)
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    data = Path(data)
    (sources, first), (targets, second) = (
        read(data, "train", language) for language in ("en", "de")
    )
    model = ConvS2S((first, second))
    found = {
        "tokens_per_second": train(model, batches(sources, targets), updates),
        "parameters": sum(each.numel() for each in model.parameters()),
    }
    model.eval()
    text, _ = read(data, "test_2016_flickr", "en")
    with torch.inference_mode():
        found["step_100_over_10"] = step_ratio(model)
        found["beam5_sentences"] = beam_speed(model, text[:sentences])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
