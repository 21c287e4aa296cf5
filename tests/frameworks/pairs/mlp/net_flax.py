from flax import nnx


class MLP(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.linear1 = nnx.Linear(12 * 12 * 3, 64, rngs=rngs)
        self.linear2 = nnx.Linear(64, 32, rngs=rngs)
        self.linear3 = nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x):
        x = x.reshape(x.shape[0], -1)
        x = nnx.relu(self.linear1(x))
        x = nnx.relu(self.linear2(x))
        return self.linear3(x)


def build():
    return MLP(rngs=nnx.Rngs(0))
