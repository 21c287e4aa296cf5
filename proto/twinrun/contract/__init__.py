"""What runner and orchestrator both know beyond the protocol. Imports neither."""
