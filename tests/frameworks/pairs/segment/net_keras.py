import keras
from keras import layers


def DilatedSpatialPyramidPooling(dspp_input):
    out_1 = layers.Conv2D(12, 1, activation="relu", name="aspp_1")(dspp_input)
    out_3 = layers.Conv2D(
        12, 3, dilation_rate=1, padding="same", activation="relu", name="aspp_3_1"
    )(dspp_input)
    out_6 = layers.Conv2D(
        12, 3, dilation_rate=2, padding="same", activation="relu", name="aspp_3_2"
    )(dspp_input)
    x = layers.Concatenate(axis=-1, name="aspp_concat")([out_1, out_3, out_6])
    x = layers.Conv2D(24, 1, use_bias=False, name="aspp_project")(x)
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name="aspp_bn")(x)
    return layers.ReLU(name="aspp_relu")(x)


def build(image_size=12, num_classes=6):
    model_input = keras.Input(shape=(image_size, image_size, 3))
    x = layers.Conv2D(16, 4, strides=4, activation="relu", name="stem")(model_input)
    x = DilatedSpatialPyramidPooling(x)
    x = layers.Conv2D(num_classes, 1, name="classifier")(x)
    x = layers.UpSampling2D(size=(4, 4), interpolation="bilinear", name="upsample")(x)
    x = layers.GlobalMaxPooling2D(name="largest")(x)
    return keras.Model(inputs=model_input, outputs=x)
