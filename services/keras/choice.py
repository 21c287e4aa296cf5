"""Which backend Keras runs on: what the runner's name says, whatever the user has set."""

import keras

_EPSILON = 1e-7  # Keras's own, as documented for `keras.config.epsilon`


def confirm(backend: str) -> None:
    """Check that Keras runs on ``backend``, its name in Keras, with its own settings.

    Call it after KERAS_BACKEND has been set and Keras imported. ``~/.keras/keras.json`` and other
    variables may have further settings: Keras's own take the place of all of them. Raises
    ImportError if Keras had been imported on another backend already.
    """
    if (found := keras.config.backend()) != backend:
        raise ImportError(
            f"Keras runs on {found} here, and not on {backend}: it was imported before the runner "
            "could choose; remove that import, such as one in sitecustomize.py or a .pth file"
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(_EPSILON)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
