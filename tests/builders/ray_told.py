"""In place of the process that speaks to Ray: says what ADDRESS names, then ends or waits."""

import json
import sys

NODE = {
    "id": "1",
    "node": "1",
    "name": "n1",
    "host": "h",
    "address": "10.0.0.1",
    "machine": "m",
    "network": "x",
}
GONE = {"runner": "pytorch", "code": -9, "log": "there/runner.log", "last": "a last line"}


def joined(number):
    return {"joined": {**NODE, "id": number, "node": number, "name": f"n{number}"}}


def answers(asked):
    if asked["do"] == "start":
        return [{"node": "1", "started": {"order": asked["order"]}}]
    return [{"answer": asked["id"], "cores": 0.25}, {"node": "1", "ended": GONE}]


FAULTS = {
    "missing": {"fault": "missing", "why": "no module"},
    "away": {"fault": "no_cluster", "why": "nobody answers"},
    "refuses": {"fault": "refused", "why": "no connection"},
}


def main() -> None:
    def tell(message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    match sys.argv[1]:
        case kind if kind in FAULTS:
            tell(FAULTS[kind])
        case "dies":
            sys.stderr.write("it burns\n")
        case "leaves":
            tell({"nodes": [NODE]})
            sys.stderr.write("it burns\n")
        case "grows":
            list(map(tell, [{"nodes": [NODE]}, *map(joined, "23")]))
            sys.stdin.read()
        case "serves":
            tell({"waiting": ["h"]})
            tell({"nodes": [NODE]})
            for line in sys.stdin:
                for answer in answers(json.loads(line)):
                    tell(answer)


if __name__ == "__main__":
    main()
