"""The command as if it ran on no machine of its cluster: ``python -m tests.integration.from_afar``.

So runners listen on their node's address, over TLS.
"""

from orchestrator.actions.cluster import by_ray
from orchestrator.cli.main import main
from tests.integration.undrawn import undrawn

if __name__ == "__main__":
    by_ray.network_id = lambda: "elsewhere"
    undrawn()
    main()
