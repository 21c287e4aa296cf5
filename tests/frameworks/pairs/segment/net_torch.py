import torch
import torch.nn as nn
import torch.nn.functional as F


class ASPP(nn.Module):
    def __init__(self, in_channels, out_channels, rates=(1, 2)):
        super().__init__()
        self.branches = nn.ModuleList()
        self.branches.append(nn.Conv2d(in_channels, out_channels, 1))
        for rate in rates:
            self.branches.append(
                nn.Conv2d(in_channels, out_channels, 3, padding=rate, dilation=rate)
            )
        self.project = nn.Conv2d(3 * out_channels, 24, 1, bias=False)
        self.bn = nn.BatchNorm2d(24)

    def forward(self, x):
        res = torch.cat([F.relu(branch(x)) for branch in self.branches], dim=1)
        return F.relu(self.bn(self.project(res)))


class DeepLab(nn.Module):
    def __init__(self, num_classes=6):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 4, stride=4)
        self.aspp = ASPP(16, 12)
        self.classifier = nn.Conv2d(24, num_classes, 1)

    def forward(self, x):
        input_shape = x.shape[-2:]
        x = F.relu(self.stem(x))
        x = self.classifier(self.aspp(x))
        x = F.interpolate(x, size=input_shape, mode="bilinear", align_corners=False)
        return torch.amax(x, dim=(2, 3))


def build():
    return DeepLab()
