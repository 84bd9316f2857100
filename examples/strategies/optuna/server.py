"""A strategy server for nas-operator that asks Optuna's TPE for the next architecture (docs/strategy-protocol.md).

    pip install -r requirements.txt
    python server.py --port 8765

The server keeps nothing: every question holds the whole search, from which the study is built anew. With NAS_STRATEGY_TOKEN in its
environment it answers only who sends that token (strategy.external.credentialsSecret).
"""

import argparse
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

LARGEST_QUESTION = 64 << 20
DRAWS = 200
TOKEN = os.environ.get("NAS_STRATEGY_TOKEN", "")
STATES = {"measured": TrialState.COMPLETE, "pending": TrialState.RUNNING, "infeasible": TrialState.FAIL, "failed": TrialState.FAIL}


def study_of(question, space):
    """The search so far as a study. An inactive decision is left out of its trial."""
    known = len(question["architectures"]) + len(question["refused"])
    sampler = optuna.samplers.TPESampler(seed=question["seed"] * 1_000_003 + known, constant_liar=True)
    study = optuna.create_study(direction=question["objective"]["direction"].lower(), sampler=sampler)
    for architecture in question["architectures"]:
        decisions = {name: value for name, value in architecture["decisions"].items() if name in space}
        study.add_trial(
            create_trial(
                state=STATES[architecture["state"]],
                params=decisions,
                distributions={name: space[name] for name in decisions},
                value=architecture.get("value"),
            )
        )
    return study


def is_known(params, tried):
    """Whether all decisions that an architecture of the search has are the same: it may have fewer, for some are inactive."""
    return any(all(params.get(name) == value for name, value in decisions.items()) for decisions in tried)


def answer(question):
    """One architecture at a time: the next question knows it, and comes at once."""
    space = {d["name"]: CategoricalDistribution(d["choices"]) for d in question["decisions"]}
    study = study_of(question, space)
    tried = [a["decisions"] for a in question["architectures"]]
    tried += [a for refused in question["refused"] for a in refused["architectures"]]
    for _ in range(DRAWS):
        trial = study.ask(space)
        if not is_known(trial.params, tried):
            return {"architectures": [trial.params]}
        study.tell(trial, state=TrialState.PRUNED)
    return {"architectures": []}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.headers.get("Authorization", "").encode()
        if TOKEN and not hmac.compare_digest(sent, f"Bearer {TOKEN}".encode()):
            return self.reply(401, {"error": "the token is not the one that this server knows"})
        length = int(self.headers.get("Content-Length", 0))
        if length > LARGEST_QUESTION:
            return self.reply(413, {"error": f"a question may have {LARGEST_QUESTION} bytes"})
        try:
            question = json.loads(self.rfile.read(length))
            if question["version"] != "nas.mlops.dev/strategy-v1":
                return self.reply(400, {"error": f"version {question['version']} is unknown here"})
            return self.reply(200, answer(question))
        except (ValueError, KeyError, TypeError) as wrong:
            return self.reply(400, {"error": f"not a question: {wrong!r}"})

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"asks Optuna {optuna.__version__} at http://{options.host}:{options.port}/", flush=True)
    ThreadingHTTPServer((options.host, options.port), Handler).serve_forever()
