"""The runners: a gRPC service for each framework that runs one job at a time."""
