import keras
from keras import layers as L


def conv_norm(x, filters, stride=1):
    x = L.ZeroPadding2D()(x)
    x = L.Conv2D(filters, 3, stride, use_bias=False)(x)
    x = L.GroupNormalization(groups=4, epsilon=1e-5)(x)
    return L.Activation("silu")(x)


def build(classes=6):
    image = L.Input((12, 12, 3))
    c1 = conv_norm(image, 16)
    c2 = conv_norm(c1, 24, stride=2)
    c3 = conv_norm(c2, 32, stride=2)
    p3 = L.Conv2D(16, 1, name="lateral3")(c3)
    p2 = L.Conv2D(16, 1, name="lateral2")(c2) + L.UpSampling2D(interpolation="bilinear", name="up2")(p3)
    p1 = L.Conv2D(16, 1, name="lateral1")(c1) + L.UpSampling2D(name="up1")(p2)
    p1 = L.AveragePooling2D(3, strides=1, padding="same", name="blur")(p1)
    y = L.Conv2D(16, 3, padding="same", activation="silu", name="smooth")(p1)
    y = L.GlobalAveragePooling2D()(y)
    return keras.Model(image, L.Dense(classes, name="head")(y))
