"""CUDA graphs: what captures calls, and the steps that are captured op by op."""
