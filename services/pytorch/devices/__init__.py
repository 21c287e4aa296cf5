"""One job on several devices: a process for each, by DistributedDataParallel."""
