from torch import nn
from torch.nn import functional as F


class ConvNorm(nn.Sequential):
    def __init__(self, cin, cout, stride=1):
        super().__init__(
            nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(4, cout, eps=1e-5),
            nn.SiLU(),
        )


class FPN(nn.Module):
    def __init__(self, classes=6):
        super().__init__()
        self.c1 = ConvNorm(3, 16)
        self.c2 = ConvNorm(16, 24, stride=2)
        self.c3 = ConvNorm(24, 32, stride=2)
        self.lateral1 = nn.Conv2d(16, 16, 1)
        self.lateral2 = nn.Conv2d(24, 16, 1)
        self.lateral3 = nn.Conv2d(32, 16, 1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.smooth = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        c1 = self.c1(x)
        c2 = self.c2(c1)
        c3 = self.c3(c2)
        p3 = self.lateral3(c3)
        p2 = self.lateral2(c2) + self.up(p3)
        p1 = self.lateral1(c1) + F.interpolate(p2, scale_factor=2, mode="nearest")
        p1 = F.avg_pool2d(p1, 3, stride=1, padding=1, count_include_pad=False)
        y = F.silu(self.smooth(p1))
        return self.head(y.mean((-2, -1)))


def build():
    return FPN()
