"""Differences in how the machine is used, which leave the numbers alone or nearly so."""

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase
from orchestrator.results.habits.pitfall import Pitfall

MACHINERY = (
    Pitfall(
        name="loss-read",
        way=job_pb2.OWN_WAY_LOSS_READ,
        title=Phrase("Loss read after each step"),
        pytorch=Phrase("loss.item() after each step"),
        tensorflow=Phrase("a call, and its loss, for each step"),
        paragraph=Phrase(
            "A progress bar that shows the loss of every step makes the host wait for the device "
            "at every step. PyTorch then cannot queue the next step's kernels while the GPU is "
            "busy; TensorFlow cannot run many steps in one call. The numbers are the same. On a "
            "GPU and for small models it is one of the commonest reasons for a slow loop."
        ),
        source=(
            "https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html, "
            "https://www.tensorflow.org/guide/function"
        ),
    ),
    Pitfall(
        name="threads",
        way=job_pb2.OWN_WAY_THREADS,
        title=Phrase("Own number of threads"),
        pytorch=Phrase("one a core, as it counts them"),
        tensorflow=Phrase("one a CPU, and as many for operations"),
        paragraph=Phrase(
            "Left alone, PyTorch takes a thread for each core that it finds and TensorFlow one "
            "for each CPU, and a second pool that runs operations side by side. On a processor "
            "with two hardware threads a core, or in a container with fewer CPUs than the "
            "machine, those are different numbers, and the comparison is one of thread counts."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/notes/cpu_threading_torchscript_inference.html, "
            "https://www.tensorflow.org/api_docs/python/tf/config/threading"
        ),
    ),
    Pitfall(
        name="pipeline-workers",
        way=job_pb2.OWN_WAY_PIPELINE_WORKERS,
        title=Phrase("Data pipeline without workers"),
        pytorch=Phrase("DataLoader's default, in the training process"),
        tensorflow=Phrase("tf.data, nothing parallel or ahead"),
        paragraph=Phrase(
            "The own data pipeline as the classes' defaults have it: a DataLoader with "
            "num_workers=0 transforms its samples between two steps, and a tf.data pipeline "
            "without prefetch and num_parallel_calls does the same. Beside the row of the own "
            "data pipeline it shows what workers and prefetching are worth, and to which side."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader, "
            "https://www.tensorflow.org/guide/data_performance"
        ),
    ),
    Pitfall(
        name="memory-layout",
        way=job_pb2.OWN_WAY_MEMORY_LAYOUT,
        title=Phrase("Memory layout of images"),
        pytorch=Phrase("channels first"),
        tensorflow=Phrase("channels last"),
        paragraph=Phrase(
            "PyTorch's images are [batch, channels, height, width] and lie in memory that way "
            "unless memory_format=torch.channels_last is asked for; TensorFlow's have their "
            "channels last. Kernels for either differ, on a GPU with tensor cores by a lot. The "
            "matched job gives PyTorch channels last too; this row gives it what its users get. "
            "The numbers differ by rounding alone."
        ),
        source=(
            "https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html, "
            "https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional/"
        ),
    ),
    Pitfall(
        name="tf32",
        way=job_pb2.OWN_WAY_TF32,
        title=Phrase("TF32 by default"),
        pytorch=Phrase("in convolutions only"),
        tensorflow=Phrase("in all products"),
        paragraph=Phrase(
            "From the A100 on, a GPU multiplies float32 numbers in TensorFloat-32 if it is let: "
            "faster, with ten bits of mantissa in place of 23. TensorFlow lets it, in convolutions "
            "and matrix products alike; PyTorch lets it in convolutions, and in matrix products "
            "only if asked. Of a model of dense layers one side then computes in another "
            "precision than the other, and says nothing."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/notes/cuda.html, "
            "https://www.tensorflow.org/api_docs/python/tf/config/experimental/"
            "enable_tensor_float_32_execution"
        ),
        on_gpu=True,
        usual=True,
    ),
    Pitfall(
        name="cudnn-benchmark",
        way=job_pb2.OWN_WAY_CUDNN_BENCHMARK,
        title=Phrase("cudnn.benchmark"),
        pytorch=Phrase("tries cuDNN's algorithms for each shape"),
        tensorflow=Phrase("as before, which does so too"),
        paragraph=Phrase(
            "cuDNN has several algorithms for a convolution. PyTorch takes the one that a "
            "heuristic names unless torch.backends.cudnn.benchmark is set, as many scripts do; "
            "then it times them at the first batch of each shape. TensorFlow always times them. "
            "A short last batch is a shape of its own and is timed again."
        ),
        source=(
            "https://docs.pytorch.org/docs/stable/backends.html#torch.backends.cudnn.benchmark, "
            "https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html"
        ),
        on_gpu=True,
    ),
)
