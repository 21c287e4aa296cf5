"""What runner and orchestrator share beyond the protocol, written once. It imports neither."""
