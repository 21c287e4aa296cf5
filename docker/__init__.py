"""Containers: what `make up` does. Needs no packages, but the engine's client."""
