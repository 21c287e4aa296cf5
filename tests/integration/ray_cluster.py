"""A real cluster of Ray on this machine, in a process of its own: ``python -m ... FOLDER NODES``.

A head that does no work, and nodes n1, n2 and so on, each with a raylet of its own; the first two
have two GPUs each, for all that Ray knows. It prints a line of JSON with the head's address. A line
on standard input is what is to be done with a node, and is printed again once that is so: ``kill``
its raylet, ``end`` it, until Ray knows, ``add`` it, or ``add-other``: one of another kind, whose
runners find LC_TWINRUN. When standard input ends, so does all.
"""

import json
import os
import sys
import time

os.environ |= {
    "RAY_worker_niceness": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TMPDIR": sys.argv[1],
}

from ray.cluster_utils import Cluster

# So that a dead node is known soon; nothing waits for these but Ray.
QUICK = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500}
PLAIN = {"include_dashboard": False, "include_log_monitor": False}


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


OTHER = {"LC_TWINRUN": "other"}


class Nodes:
    def __init__(self) -> None:
        head = {"num_cpus": 0, "_system_config": QUICK, **PLAIN}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.found = {}

    def add(self, name: str, **how) -> None:
        gpus = 2 if name in ("n1", "n2") else 0
        given = {"num_cpus": 1, "num_gpus": gpus, "node_name": name, **PLAIN, **how}
        self.found[name] = self.cluster.add_node(**given)

    def kill(self, name: str) -> None:
        self.found.pop(name).kill_raylet(check_alive=False)

    def end(self, name: str) -> None:
        node = self.found.pop(name)
        self.cluster.remove_node(node, allow_graceful=False)
        while node.node_id in {
            each["NodeID"] for each in self.cluster.global_state.node_table() if each["Alive"]
        }:
            time.sleep(0.05)


def main() -> None:
    nodes = Nodes()
    for number in range(1, int(sys.argv[2]) + 1):
        nodes.add(f"n{number}")
    tell(json.dumps({"address": nodes.cluster.address}))
    for line in sys.stdin:
        match line.split():
            case ["kill", name]:
                nodes.kill(name)
            case ["end", name]:
                nodes.end(name)
            case ["add", name]:
                nodes.add(name)
            case ["add-other", name]:
                nodes.add(name, env_vars=OTHER)
        tell(line.strip())
    nodes.cluster.shutdown()


if __name__ == "__main__":
    main()
