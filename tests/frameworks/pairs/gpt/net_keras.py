import keras
from keras import layers, ops

BLOCK_SIZE, VOCAB, N_LAYER, N_HEAD, N_EMBD = 12, 24, 2, 4, 32


class CausalSelfAttention(layers.Layer):
    def __init__(self, n_embd, n_head, **kw):
        super().__init__(**kw)
        self.n_head, self.head_size = n_head, n_embd // n_head
        self.c_attn = layers.Dense(3 * n_embd, name="c_attn")
        self.c_proj = layers.Dense(n_embd, name="c_proj")

    def split_heads(self, t, length):
        t = ops.reshape(t, (-1, length, self.n_head, self.head_size))
        return ops.transpose(t, (0, 2, 1, 3))

    def call(self, x):
        length = x.shape[1]
        q, k, v = ops.split(self.c_attn(x), 3, axis=-1)
        q, k, v = (self.split_heads(t, length) for t in (q, k, v))
        att = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * self.head_size**-0.5
        allowed = ops.tril(ops.ones((length, length), dtype="bool"))
        att = ops.where(allowed, att, float("-inf"))
        att = ops.softmax(att, axis=-1)
        y = ops.transpose(ops.matmul(att, v), (0, 2, 1, 3))
        return self.c_proj(ops.reshape(y, (-1, length, self.n_head * self.head_size)))


class MLP(layers.Layer):
    def __init__(self, n_embd, **kw):
        super().__init__(**kw)
        self.c_fc = layers.Dense(4 * n_embd, name="c_fc")
        self.c_proj = layers.Dense(n_embd, name="c_proj")

    def call(self, x):
        return self.c_proj(keras.activations.gelu(self.c_fc(x), approximate=True))


class Block(layers.Layer):
    def __init__(self, **kw):
        super().__init__(**kw)
        self.ln_1 = layers.LayerNormalization(epsilon=1e-5, name="ln_1")
        self.attn = CausalSelfAttention(N_EMBD, N_HEAD, name="attn")
        self.ln_2 = layers.LayerNormalization(epsilon=1e-5, name="ln_2")
        self.mlp = MLP(N_EMBD, name="mlp")

    def call(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(keras.Model):
    def __init__(self):
        super().__init__()
        self.wte = layers.Embedding(VOCAB, N_EMBD, name="wte")
        self.wpe = layers.Embedding(BLOCK_SIZE, N_EMBD, name="wpe")
        self.h = [Block(name=f"h{i}") for i in range(N_LAYER)]
        self.ln_f = layers.LayerNormalization(epsilon=1e-5, name="ln_f")
        self.lm_head = layers.Dense(VOCAB, use_bias=False, name="lm_head")

    def call(self, idx):
        idx = ops.cast(idx, "int32")
        x = self.wte(idx) + self.wpe(ops.arange(idx.shape[1]))
        for block in self.h:
            x = block(x)
        x = self.ln_f(x)
        return self.lm_head(x[:, -1, :])


def build():
    return GPT()
