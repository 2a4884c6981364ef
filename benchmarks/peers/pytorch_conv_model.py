"""ConvS2S as one would write it in PyTorch: the baseline of the benchmark."""

import math

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

HALF = math.sqrt(0.5)
PAD = 0


def linear(inputs, outputs, dropout=0.0):
    """A weight-normed linear layer with the paper's initial values."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=math.sqrt((1 - dropout) / inputs))
    nn.init.zeros_(layer.bias)
    return weight_norm(layer)


def convolution(width, kernel_size, dropout, padding):
    """A weight-normed convolution with twice as many outputs, for a GLU."""
    layer = nn.Conv1d(width, 2 * width, kernel_size, padding=padding)
    std = math.sqrt(4 * (1 - dropout) / (kernel_size * width))
    nn.init.normal_(layer.weight, std=std)
    nn.init.zeros_(layer.bias)
    return weight_norm(layer)


def table(rows, width):
    """Token or position vectors."""
    made = nn.Embedding(rows, width)
    nn.init.normal_(made.weight, std=0.1)
    return made


class Encoder(nn.Module):
    """Gated convolutions; keys and values `(B, S, E)`."""

    def __init__(self, vocabulary, width, layers, kernel_size, dropout, looks):
        super().__init__()
        self.tokens = table(vocabulary, width)
        self.positions = table(1024, width)
        self.enter = linear(width, width, dropout)
        self.convolutions = nn.ModuleList(
            convolution(width, kernel_size, dropout, kernel_size // 2)
            for _ in range(layers)
        )
        self.leave = linear(width, width)
        self.dropout = dropout
        self.looks = looks

    def drop(self, x):
        """Dropout, in training."""
        return functional.dropout(x, self.dropout, self.training)

    def forward(self, source):
        real = (source != PAD).unsqueeze(2).float()
        places = torch.arange(source.shape[1])
        embedded = self.drop(self.tokens(source) + self.positions(places))
        x = self.enter(embedded).transpose(1, 2)  # (B, E, S)
        seen = real.transpose(1, 2)
        for layer in self.convolutions:
            y = functional.glu(layer(self.drop(x * seen)), dim=1)
            x = (y + x) * HALF
        keys = self.leave(x.transpose(1, 2)) * real
        scale = 1 / (2 * self.looks)
        if keys.requires_grad:
            keys.register_hook(lambda gradient: gradient * scale)
        return keys, (keys + embedded * real) * HALF, source != PAD


class Decoder(nn.Module):
    """Causal gated convolutions, each with attention."""

    def __init__(self, vocabulary, width, layers, kernel_size, dropout):
        super().__init__()
        self.tokens = table(vocabulary, width)
        self.positions = table(1024, width)
        self.enter = linear(width, width, dropout)
        self.convolutions = nn.ModuleList(
            convolution(width, kernel_size, dropout, 0) for _ in range(layers)
        )
        self.queries = nn.ModuleList(
            linear(width, width) for _ in range(layers)
        )
        self.contexts = nn.ModuleList(
            linear(width, width) for _ in range(layers)
        )
        self.leave = linear(width, width)
        self.logits = linear(width, vocabulary, dropout)
        self.before = kernel_size - 1
        self.dropout = dropout

    def drop(self, x):
        """Dropout, in training."""
        return functional.dropout(x, self.dropout, self.training)

    def forward(self, target, keys, values, valid):
        """Features `(B, T, E)` in front of the logits."""
        places = torch.arange(target.shape[1])
        embedded = self.drop(self.tokens(target) + self.positions(places))
        hidden = ~valid.unsqueeze(1)
        root = valid.sum(1).float().sqrt().view(-1, 1, 1)
        x = self.enter(embedded)
        for layer, query, context in zip(
            self.convolutions, self.queries, self.contexts, strict=True
        ):
            y = functional.pad(self.drop(x).transpose(1, 2), (self.before, 0))
            y = functional.glu(layer(y), dim=1).transpose(1, 2)
            asked = (query(y) + embedded) * HALF
            scores = torch.bmm(asked, keys.transpose(1, 2))
            weights = scores.masked_fill(hidden, -1e9).softmax(2)
            looked = torch.bmm(weights, values) * root
            x = ((context(looked) + y) * HALF + x) * HALF
        return self.drop(self.leave(x))


class ConvS2S(nn.Module):
    """Encoder and decoder."""

    def __init__(self, sizes, width=256, layers=4, kernel_size=3, dropout=0.2):
        super().__init__()
        shared = (width, layers, kernel_size, dropout)
        self.encoder = Encoder(sizes[0], *shared, looks=layers)
        self.decoder = Decoder(sizes[1], *shared)

    def forward(self, source, target):
        features = self.decoder(target, *self.encoder(source))
        return self.decoder.logits(features)
