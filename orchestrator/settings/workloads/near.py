"""What was meant by a name that a job spec does not have."""

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from twinrun.contract.enums import ActivationFunction
from twinrun.v1 import job_pb2

# Names that other programs have, without capitals and underscores, and what is written here.
_ELSEWHERE = {
    **dict.fromkeys(("lr", "rate", "stepsize"), "learning_rate"),
    "eps": "epsilon",
    **dict.fromkeys(("betas", "beta1", "rho"), "beta_1"),
    "beta2": "beta_2",
    **dict.fromkeys(("decay", "wd", "l2"), "weight_decay"),
    **dict.fromkeys(("bs", "batch", "minibatch"), "batch_size"),
    **dict.fromkeys(("nepochs", "numepochs"), "epochs"),
    **dict.fromkeys(("randomseed", "randomstate"), "seed"),
    **dict.fromkeys(("model", "network", "architecture"), "layers"),
    **dict.fromkeys(("dtype", "mixedprecision"), "precision"),
    **dict.fromkeys(("data", "trainset"), "dataset"),
    **dict.fromkeys(("criterion", "lossfunction"), "loss"),
    **dict.fromkeys(("workers", "numthreads", "ncpus"), "threads"),
    **dict.fromkeys(("linear", "fc", "fullyconnected"), "dense"),
    **dict.fromkeys(("conv", "convolution"), "conv2d"),
    **dict.fromkeys(("convtranspose2d", "deconv", "deconvolution"), "conv2d_transpose"),
    **dict.fromkeys(("pool", "maxpool", "maxpooling2d"), "max_pool2d"),
    **dict.fromkeys(("avgpool", "avgpool2d", "averagepooling2d"), "average_pool2d"),
    **dict.fromkeys(("globalaveragepooling2d", "adaptiveavgpool2d"), "global_average_pool2d"),
    **dict.fromkeys(("globalmaxpooling2d", "adaptivemaxpool2d"), "global_max_pool2d"),
    "globalaveragepooling1d": "global_average_pool1d",
    "globalmaxpooling1d": "global_max_pool1d",
    **dict.fromkeys(("bilstm", "bigru", "birnn"), "bidirectional"),
    **dict.fromkeys(("sinusoidalpositionalencoding", "sinusoidal"), "sinusoidal_positions"),
    "dropout2d": "spatial_dropout2d",
    "zeropad2d": "zero_padding2d",
    **dict.fromkeys(("upsample", "interpolate"), "up_sampling2d"),
    **dict.fromkeys(("bn", "batchnorm2d", "batchnormalization"), "batch_norm"),
    **dict.fromkeys(("skip", "skipconnection", "resblock", "residualblock", "add"), "residual"),
    **dict.fromkeys(("concatenate", "cat", "parallel"), "concat"),
    **dict.fromkeys(("projection", "downsample"), "shortcut"),
    **dict.fromkeys(("count", "n"), "times"),
    **dict.fromkeys(("ln", "layernormalization"), "layer_norm"),
    **dict.fromkeys(("gn", "groupnormalization", "instancenorm2d"), "group_norm"),
    "rmsnormalization": "rms_norm",
    **dict.fromkeys(("attention", "selfattention", "mha"), "multi_head_attention"),
    **dict.fromkeys(("positionalembedding", "positionalencoding"), "position_embedding"),
    **dict.fromkeys(("kernelsize", "filtersize", "poolsize"), "size"),
    **dict.fromkeys(("neurons", "outfeatures", "nodes"), "units"),
    **dict.fromkeys(("outchannels", "channelsout"), "filters"),
    **dict.fromkeys(("p", "prob", "probability", "droprate"), "rate"),
    "bias": "use_bias",
    **{
        name.replace("_", ""): f"activation: {{function: {function}}}"
        for name, function in (*((each, each) for each in ActivationFunction), ("swish", "silu"))
    },
}


def near(name: str, names: Collection[str]) -> str | None:
    """Return which of the ``names`` is meant, in another program's words or misspelt."""
    by_plain = {_plain(each): each for each in names}
    plain = _plain(name)
    if plain in by_plain:
        return by_plain[plain]
    meant = _ELSEWHERE.get(plain)
    if meant is not None and meant.partition(":")[0] in names:
        return meant
    return next((by_plain[each] for each in difflib.get_close_matches(plain, by_plain, 1)), None)


def near_anywhere(path: str) -> str | None:
    """Return the field of the job spec that is meant by a dotted path, or by its last name."""
    paths = list(_fields(job_pb2.JobSpec.DESCRIPTOR, ""))
    by_name = {each.rpartition(".")[2]: each for each in reversed(paths)}
    parent, _, name = path.rpartition(".")
    meant = near(name, by_name)
    close = difflib.get_close_matches(path, paths, 1)
    # A name that is known, here or elsewhere, says more than a path that looks alike.
    if close and not (parent and meant and _plain(name) in {*_ELSEWHERE, *map(_plain, by_name)}):
        return close[0]
    return by_name.get(meant, meant) if meant else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _fields(message: Any, before: str) -> Iterator[str]:
    for field in message.fields:
        yield f"{before}{field.name}"
        if field.message_type is not None and not field.is_repeated:
            yield from _fields(field.message_type, f"{before}{field.name}.")
