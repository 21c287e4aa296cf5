"""Containers: what `make up` does. Needs no packages except the engine's client."""
