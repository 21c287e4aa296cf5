import torch.nn as nn


def conv_bn(inp, oup):
    return nn.Sequential(
        nn.Conv2d(inp, oup, 3, 1, 1, bias=False),
        nn.BatchNorm2d(oup, eps=1e-3, momentum=0.01),
        nn.ReLU6(inplace=True),
    )


def conv_dw(inp, oup, stride):
    return nn.Sequential(
        # zeros as the Keras model has them
        nn.ZeroPad2d((0, 1, 0, 1)) if stride == 2 else nn.ZeroPad2d(1),
        nn.Conv2d(inp, inp, 3, stride, 0, groups=inp, bias=False),
        nn.BatchNorm2d(inp, eps=1e-3, momentum=0.01),
        nn.ReLU6(inplace=True),
        nn.Conv2d(inp, oup, 1, 1, 0, bias=False),
        nn.BatchNorm2d(oup, eps=1e-3, momentum=0.01),
        nn.ReLU6(inplace=True),
    )


class MobileNetV1(nn.Module):
    def __init__(self, ch_in, n_classes):
        super().__init__()
        self.model = nn.Sequential(
            conv_bn(ch_in, 16),
            conv_dw(16, 32, 1),
            conv_dw(32, 48, 2),
            conv_dw(48, 48, 1),
            nn.Conv2d(48, 48, 3, padding=1, groups=48, bias=False),
            nn.Conv2d(48, 64, 1),
            nn.ReLU6(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.fc = nn.Linear(64, n_classes)

    def forward(self, x):
        x = self.model(x)
        x = x.view(-1, 64)
        return self.fc(x)


def build():
    return MobileNetV1(ch_in=3, n_classes=10)
