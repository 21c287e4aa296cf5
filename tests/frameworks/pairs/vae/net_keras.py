import keras
from keras import layers

latent_dim = 6


class Sampling(layers.Layer):
    """Uses (z_mean, z_log_var) to sample z, the vector encoding a digit."""

    def __init__(self, deterministic, **kwargs):
        super().__init__(**kwargs)
        self.deterministic = deterministic
        self.seed_generator = None if deterministic else keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        if self.deterministic:
            return z_mean
        epsilon = keras.random.normal(keras.ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * epsilon


def build():
    encoder_inputs = keras.Input(shape=(36,))
    x = layers.Dense(48, name="enc1")(encoder_inputs)
    x = layers.LeakyReLU(negative_slope=0.2, name="enc1_act")(x)
    x = layers.Dense(24, name="enc2")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="enc2_act")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    z = Sampling(deterministic=True, name="sampling")([z_mean, z_log_var])

    x = layers.Dense(24, name="dec1")(z)
    x = layers.LeakyReLU(negative_slope=0.2, name="dec1_act")(x)
    x = layers.Dense(48, name="dec2")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="dec2_act")(x)
    decoder_outputs = layers.Dense(36, name="reconstruction")(x)
    return keras.Model(encoder_inputs, [decoder_outputs, z_mean, z_log_var], name="vae")
