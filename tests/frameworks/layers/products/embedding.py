"""Embedding: codes [batch, time] look up rows of a table; rows that are met twice are added up."""

import numpy as np


def forward(layer, x, at):
    return at["table"][x.astype(int)]


def backward(layer, x, g, at):
    found = np.zeros_like(at["table"])
    np.add.at(found, x.astype(int), g)
    return None, {"table": found}
