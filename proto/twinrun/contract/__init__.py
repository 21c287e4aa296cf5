"""What runner and orchestrator both know beyond the protocol, written once. Imports neither."""
