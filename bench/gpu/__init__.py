"""``python -m bench.gpu``: all that is to be known about Twinrun on a GPU, in at most 8 minutes."""
