from flax import nnx


class TextClassifier(nnx.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, output_size, rngs: nnx.Rngs):
        self.embed = nnx.Embed(vocab_size, embedding_size, rngs=rngs)
        self.lstm = nnx.RNN(nnx.OptimizedLSTMCell(embedding_size, hidden_size, rngs=rngs))
        self.dropout = nnx.Dropout(0.3, rngs=rngs)
        self.out = nnx.Linear(hidden_size, output_size, rngs=rngs)

    def __call__(self, tokens):
        x = self.embed(tokens.astype("int32"))
        x = self.lstm(x)[:, -1]
        return self.out(self.dropout(x))


def build(rngs=nnx.Rngs(0)):
    return TextClassifier(40, 16, 24, 4, rngs)
