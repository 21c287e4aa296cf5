"""A real cluster of Ray on this machine, in a process of its own: ``python -m ... FOLDER NODES``.

A head that does no work, and nodes n1, n2 and so on, each with a raylet of its own. It prints a
line of JSON with the head's address and each node's raylet. A name of a node on standard input
kills that raylet, and is printed again once it is gone; when standard input ends, so does all.
"""

import json
import os
import sys

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


def main() -> None:
    head = {"num_cpus": 0, "_system_config": QUICK, **PLAIN}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = {
        name: cluster.add_node(num_cpus=1, node_name=name, **PLAIN)
        for name in (f"n{number}" for number in range(1, int(sys.argv[2]) + 1))
    }
    raylets = {name: node.all_processes["raylet"][0].process.pid for name, node in nodes.items()}
    tell(json.dumps({"address": cluster.address, "raylets": raylets}))
    for line in sys.stdin:
        node = nodes.pop(line.strip())
        node.kill_raylet(check_alive=False)
        tell(line.strip())
    cluster.shutdown()


if __name__ == "__main__":
    main()
