"""One job on several devices of a process, by MirroredStrategy."""
