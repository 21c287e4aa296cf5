from keras.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from keras.models import Model


def build():
    img_input = Input(shape=(12, 12, 3))
    # Block 1
    x = Conv2D(16, (3, 3), activation="relu", padding="same", name="block1_conv1")(img_input)
    x = Conv2D(16, (3, 3), activation="relu", padding="same", name="block1_conv2")(x)
    x = MaxPooling2D((2, 2), strides=(2, 2), name="block1_pool")(x)
    # Block 2
    x = Conv2D(32, (3, 3), activation="relu", padding="same", name="block2_conv1")(x)
    x = Conv2D(32, (3, 3), activation="relu", padding="same", name="block2_conv2")(x)
    x = MaxPooling2D((2, 2), strides=(2, 2), name="block2_pool")(x)
    # Classification block
    x = Flatten(name="flatten")(x)
    x = Dense(64, activation="relu", name="fc1")(x)
    x = Dropout(0.5, name="drop")(x)
    x = Dense(10, name="predictions")(x)
    return Model(img_input, x, name="vgg")
