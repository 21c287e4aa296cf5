from flax import nnx


class DropoutNet(nnx.Module):
    def __init__(self, rngs: nnx.Rngs, rate: float = 0.25):
        self.drop_in = nnx.Dropout(0.1, rngs=rngs)
        self.conv1 = nnx.Conv(1, 12, (3, 3), rngs=rngs)
        self.conv2 = nnx.Conv(12, 16, (3, 3), rngs=rngs)
        self.drop = nnx.Dropout(rate, rngs=rngs)
        self.fc1 = nnx.Linear(16 * 3 * 3, 48, rngs=rngs)
        self.drop3 = nnx.Dropout(0.5, rngs=rngs)
        self.fc2 = nnx.Linear(48, 24, rngs=rngs)
        self.drop4 = nnx.Dropout(0.4, rngs=rngs)
        self.fc3 = nnx.Linear(24, 6, rngs=rngs)

    def __call__(self, x):
        x = self.drop_in(x)
        for conv in (self.conv1, self.conv2):
            x = nnx.max_pool(nnx.relu(conv(x)), (2, 2), strides=(2, 2))
            x = self.drop(x)
        x = x.reshape((x.shape[0], -1))
        x = self.drop3(nnx.relu(self.fc1(x)))
        x = self.drop4(nnx.relu(self.fc2(x)))
        return self.fc3(x)


def build(rngs=nnx.Rngs(params=0, dropout=1)):
    return DropoutNet(rngs)
