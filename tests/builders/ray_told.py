"""In place of the process that speaks to Ray: says what ADDRESS names, then ends or waits."""

import json
import sys

NODE = {"id": "1", "name": "n1", "host": "h", "address": "10.0.0.1", "machine": "m", "network": "x"}
GONE = {"runner": "pytorch", "code": -9, "log": "there/runner.log", "last": "a last line"}


def main() -> None:
    def tell(message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    match sys.argv[1]:
        case "missing":
            tell({"fault": "missing", "why": "no module"})
        case "away":
            tell({"fault": "no_cluster", "why": "nobody answers"})
        case "dies":
            sys.stderr.write("it burns\n")
        case "leaves":
            tell({"nodes": [NODE]})
            sys.stderr.write("it burns\n")
        case "serves":
            tell({"waiting": ["h"]})
            tell({"nodes": [NODE]})
            for line in sys.stdin:
                asked = json.loads(line)
                if asked["do"] == "start":
                    tell({"node": "1", "started": {"order": asked["order"]}})
                else:
                    tell({"answer": asked["id"], "cores": 0.25})
                    tell({"node": "1", "ended": GONE})


if __name__ == "__main__":
    main()
