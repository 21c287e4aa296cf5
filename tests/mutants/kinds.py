"""The kinds of layers and optimizers, each with a file of its name in each framework's folder."""

# Of layers that hold no others, by family, each with a file of its name in each framework's folder.
FAMILIES = {
    "convolutions": ("conv1d", "conv2d", "conv2d_transpose"),
    "elementwise": ("activation", "dropout", "spatial_dropout2d"),
    "norms": ("batch_norm", "layer_norm", "rms_norm", "group_norm"),
    "pools": (
        *("max_pool2d", "average_pool2d", "global_average_pool2d", "global_max_pool2d"),
        *("global_average_pool1d", "global_max_pool1d"),
    ),
    "products": ("dense", "custom_dense", "embedding"),
    "shaping": ("flatten", "zero_padding2d", "up_sampling2d", "to_sequence"),
    "sequences": (
        *("lstm", "gru", "bidirectional", "last_step", "position_embedding"),
        *("sinusoidal_positions", "multi_head_attention"),
    ),
}
KINDS = {kind: f"{family}/{kind}" for family, kinds in FAMILIES.items() for kind in kinds}
# Of optimizers, in the same way.
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adamax")
