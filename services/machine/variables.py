"""The environment variables that change how a framework computes, as they are in this process.

Not those that only change memory, logs or threads: a job spec sets its threads itself.
"""

import os

# NVIDIA's libraries: TensorFloat-32 off; workspaces, and with them the order of sums.
_NVIDIA = ("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE")
_PYTORCH = (
    *("ATEN_CPU_CAPABILITY", "CUBLASLT_WORKSPACE_SIZE", "DISABLE_ADDMM_CUDA_LT"),
    *("TORCHDYNAMO_DISABLE", "TORCHINDUCTOR_EMULATE_PRECISION_CASTS", "TORCHINDUCTOR_FREEZING"),
    *("TORCHINDUCTOR_MAX_AUTOTUNE", "TORCHINDUCTOR_MAX_AUTOTUNE_GEMM"),
    *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT", "TORCH_COMPILE_DISABLE"),
    *("TORCH_CUDNN_USE_HEURISTIC_MODE_B", "TORCH_CUDNN_V8_API_DISABLED"),
    "TORCH_MKLDNN_MATMUL_MIN_DIM",
)
_TENSORFLOW = (
    *("TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL", "TF_CUDNN_DETERMINISTIC"),
    *("TF_CUDNN_USE_AUTOTUNE", "TF_CUDNN_USE_FRONTEND", "TF_CUDNN_WORKSPACE_LIMIT_IN_MB"),
    *("TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_ENABLE_WINOGRAD_NONFUSED"),
    *("TF_MATMUL_AUTOTUNE_ENABLE", "TF_SET_ONEDNN_FPMATH_MODE", "TF_USE_CUBLASLT"),
    *("TF_XLA_FLAGS", "XLA_FLAGS"),
)
# Which instructions a CPU's libraries use, and how they round. oneDNN still reads its old names.
_CPU = (
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
    *(
        f"{prefix}_{name}"
        for prefix in ("ONEDNN", "DNNL")
        for name in ("CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE", "MAX_CPU_ISA")
    ),
)
NAMES = (*_NVIDIA, *_PYTORCH, *_TENSORFLOW, *_CPU)


def changing_arithmetic() -> dict[str, str]:
    """Return those that are set here, by name."""
    return {name: os.environ[name] for name in sorted(NAMES) if name in os.environ}
