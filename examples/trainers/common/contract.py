"""What a trainer in Python owes to the trial contract of nas-operator: exit codes, the result, checkpoints, SIGTERM."""

import hashlib
import json
import math
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import data
import data_files
import energy
import targets

VERSION = "nas.mlops.dev/trial/v1"
VERSION_OF_NUMBERS = "nas.mlops.dev/trial/v2"  # examples have numbers in place of labels
MAX_BYTES = 4096
CURVES = ("accuracy", "loss", "macroF1", "auc", "rmse", "r2")  # what an epoch of the history may hold
DONE, ARCHITECTURE, DATA, INFEASIBLE, TEMPORARY = 0, 64, 65, 69, 75


class End(Exception):
    """The trial ends with an exit code and one sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Trial:
    """One trial. A trainer says how it trains (run), on what (environment), and how its checkpoints end (suffix)."""

    suffix = ".checkpoint"

    def __init__(self, file):
        self.file, self.recipe = file, file.get("recipe", {})
        self.history, self.metrics, self.seconds = [], {}, 0.0
        self.stopping, self.energy, self.is_continuation = False, None, False

    def run(self):
        """Trains, and fills the metrics."""
        raise NotImplementedError

    def environment(self):
        """Device, gpu (its name; none where none computes) and framework, by name."""
        raise NotImplementedError

    def parts(self):
        """What computes and has an energy meter: name to function that makes it."""
        return {"processors": energy.Rapl}

    def know(self, field, *values):
        """The recipe's value of a field, which must be one of these."""
        value = self.recipe.get(field)
        if value not in values:
            raise End(DATA, f"recipe.{field} is {value}; this trainer knows {', '.join(str(v) for v in values if v)}")
        return value

    def examples(self):
        """All examples, their targets, and the rows of the train, validation and test part."""
        dataset, seed = self.file["dataset"], self.file["splitSeed"]
        examples, told = data.load(dataset, self.file["folders"]["data"])
        rows = data.parts(told, dataset["split"], seed)
        rows["train"] = data.fewer(rows["train"], told, dataset.get("fraction") or 1.0, seed)
        if told.numbers:
            for field, none in (("labelSmoothing", 0), ("classWeights", "uniform")):
                if self.recipe.get(field) not in (None, none):
                    raise End(DATA, f"recipe.{field} is {self.recipe[field]}; with dataset.targets only {none} is allowed")
            told.measure(rows["train"])
        graph = self.file["graph"]
        if graph and graph[-1]["shape"] != [told.outputs]:
            raise End(ARCHITECTURE, f"node {graph[-1]['name']} gives the shape {graph[-1]['shape']}, but the data need [{told.outputs}]")
        self.check_embeddings(dataset.get("categorical") or [])
        if dataset.get("categorical") and self.recipe.get("augmentation"):
            raise End(DATA, f"recipe.augmentation is {self.recipe['augmentation']}; with dataset.categorical none is allowed: codes cannot be mixed")
        return examples, told, rows

    def check_embeddings(self, categorical):
        """Every category of the data needs its vector, and nothing else can be looked up."""
        known = {f"categories.{c['column']}": c["categories"] for c in categorical}
        for node in self.file["graph"]:
            if node["operator"] == "embedding":
                found = {k: v for k, v in node["attributes"].items() if k.startswith("categories.")}
                if found != known or len(node["attributes"]) != 2 * len(known):
                    raise End(ARCHITECTURE, f"node {node['name']} (embedding) has the attributes {node['attributes']},"
                                            f" but dataset.categorical needs {known} with their units")

    def judge(self, told, answers, rows):
        """Reports the scores of answers(part), what the network says of the validation part and, where the trial may open it, of the
        test part."""
        self.metrics.update(told.score(answers("validation"), rows["validation"]), validationExamples=len(rows["validation"]),
                            trainSeconds=self.seconds)
        if self.energy.joules() is not None and not self.is_continuation:
            self.metrics["energyJoules"] = self.energy.joules()
        if self.file["evaluateTest"] and len(rows["test"]):
            said = answers("test")
            errors = targets.standard_errors(told, said, rows["test"], self.file["splitSeed"])
            self.metrics.update({of("test", name): value for name, value in told.score(said, rows["test"]).items()},
                                testExamples=len(rows["test"]))
            self.metrics.update({of("test", name) + "Se": value for name, value in errors.items()})

    def schedule_epochs(self):
        return self.recipe.get("scheduleEpochs") or self.file["epochs"]

    def heed(self, epoch):
        """Ends the trial where SIGTERM came; the last epoch's checkpoint is there."""
        if self.stopping:
            raise End(TEMPORARY, f"terminated in epoch {epoch}")

    def ended(self, epoch, seconds, train_loss, scores):
        """Keeps what an epoch gave; a loss that is no number ends the trial."""
        self.seconds += seconds
        self.energy.read()
        if not math.isfinite(train_loss) or not math.isfinite(scores["loss"]):
            raise End(ARCHITECTURE, f"training diverged: the loss is {train_loss} in epoch {epoch}")
        scores = {name: float(f"{scores[name]:.5g}") for name in CURVES if math.isfinite(scores.get(name, math.nan))}
        self.history.append({"epoch": epoch, "timeMs": int(time.time() * 1000), "trainLoss": train_loss, **scores})

    def checkpoint(self, folder):
        """Where this training's checkpoint lies in a folder of the trial file, by what all its trials share; None without one."""
        place = self.file["folders"].get(folder)
        same = {k: v for k, v in self.file.items() if k not in ("folders", "evaluateTest", "reportExported", "trial", "epochs", "decisions")}
        same["recipe"] = {**self.recipe, "scheduleEpochs": self.schedule_epochs()}
        name = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]
        return Path(place) / (name + self.suffix) if place else None

    def save(self, write):
        """Writes a checkpoint by write(path, told); the one before stays beside it. A full disk costs the checkpoint, not the trial."""
        target = self.checkpoint("checkpoints")
        if target is None:
            return
        part = target.with_stem(target.stem + ".part")
        try:
            write(part, {"history": self.history, "seconds": self.seconds})
            if target.exists():
                os.replace(target, before(target))
            os.replace(part, target)
        except (OSError, RuntimeError) as error:  # PyTorch's archives say RuntimeError
            part.unlink(missing_ok=True)
            print(f"{target} cannot be written: {error}", file=sys.stderr)

    def restore(self, read):
        """Number of epochs that this trial's checkpoint, or that of an earlier trial, holds: read(path) gives what was told and a
        function that takes the rest over. One that cannot be read gives way to the one before. From here on energy is counted."""
        self.energy = energy.Energy(**self.parts())
        for folder in ("checkpoints", "resume"):
            target = self.checkpoint(folder)
            for path in (target, before(target)) if target else ():
                if not path.exists():
                    continue
                try:
                    told, take = read(path)
                except Exception as error:  # whatever a torn file brings up
                    print(f"{path} cannot be read: {error}", file=sys.stderr)
                    continue
                if len(told["history"]) <= self.file["epochs"]:
                    take()
                    self.history = told["history"]
                    # What an earlier trial took is on its own account.
                    self.seconds = told["seconds"] if folder == "checkpoints" else 0.0
                    self.is_continuation = folder == "checkpoints"
                    return len(self.history)
        return 0

    def clean(self):
        """Removes checkpoints that nobody will go on from."""
        done = self.file["epochs"] == self.schedule_epochs()
        for target in (self.checkpoint("checkpoints") if done else None, self.checkpoint("resume")):
            for path in (target, before(target)) if target else ():
                path.unlink(missing_ok=True)

    def energy_told(self):
        """What energyJoules is of, or why there is none."""
        return "not available: an earlier process did a part of the training" if self.is_continuation else self.energy.told()

    def result(self, code, message=None):
        document = {"contractVersion": VERSION, "trial": self.file["trial"], "exitCode": code,
                    "metrics": {k: float(v) for k, v in self.metrics.items() if math.isfinite(v)},
                    "epochs": len(self.history), "history": list(self.history), "environment": self.environment()}
        if self.energy:
            document["environment"]["energy"] = self.energy_told()
        if message:
            document["message"] = message[:500]
        # Epochs are thinned, the last one stays, until the message fits.
        while len(json.dumps(document, separators=(",", ":"))) > MAX_BYTES and len(document["history"]) > 1:
            document["history"] = document["history"][:-1][::2][:-1] + document["history"][-1:]
        return document


def of(part, metric):
    return part + metric[0].upper() + metric[1:]


def before(checkpoint):
    """Where the checkpoint before this one lies."""
    return checkpoint.with_stem(checkpoint.stem + ".before")


def costs_of(times):
    """Median, 99th percentile and spread of single inferences, from their milliseconds."""
    times = sorted(times)
    at = lambda part: times[math.ceil(len(times) * part) - 1]  # noqa: E731
    median = times[len(times) // 2]
    return {"latencyMs": median, "latencyP99Ms": at(0.99), "latencySpread": (at(0.9) - at(0.1)) / median}


def write(file, document):
    """Atomically where the place allows it; a termination log is a mounted file that cannot be replaced."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    target = Path(file)
    if target.exists() and not os.access(target.parent, os.W_OK):
        target.write_text(text)
        return
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False) as part:
        part.write(text)
    os.replace(part.name, target)


def check_data(trial):
    """Looks at the data only: silent where all is well, otherwise as a trial that ends."""
    file = trial.file
    try:
        _, told = data.load(file["dataset"], file["folders"]["data"])
        data.parts(told, file["dataset"]["split"], file["splitSeed"])
        return DONE
    except data_files.DataError as error:
        return tell(trial, DATA, str(error))
    except data_files.Later as error:
        return tell(trial, TEMPORARY, str(error))


def tell(trial, code, message=None):
    """Writes the result, and returns the code."""
    if message:
        print(message, file=sys.stderr)
    write(os.environ.get("NAS_RESULT_FILE", "/dev/termination-log"), trial.result(code, message))
    return code


def main(kind, unbuildable, out_of_memory):
    """Runs a kind of Trial and returns the exit code; the two exceptions say what a framework raises for a graph that it cannot
    build and for memory that it does not get."""
    try:
        file = json.loads(Path(os.environ["NAS_TRIAL_FILE"]).read_text(encoding="utf-8"))
    except ValueError as error:
        print(f"the trial file is not JSON: {error}", file=sys.stderr)
        return DATA
    trial, code, message = kind(file), DONE, None
    if "--check-data" in sys.argv[1:]:
        return check_data(trial)
    signal.signal(signal.SIGTERM, lambda *_: setattr(trial, "stopping", True))
    try:
        if file["contractVersion"] not in (VERSION, VERSION_OF_NUMBERS):
            raise End(DATA, f"contractVersion is {file['contractVersion']}; this trainer knows {VERSION} and {VERSION_OF_NUMBERS}")
        for job, asked in (("sharing", "evaluation.weightSharing"), ("relaxed", "strategy Differentiable")):
            if file.get(job):
                raise End(ARCHITECTURE, f"{asked} needs a trainer that knows the field {job} of trial files; this one does not")
        trial.run()
        trial.clean()
    except End as end:
        code, message = end.code, str(end)
    except unbuildable as error:
        code, message = ARCHITECTURE, str(error)
    except data_files.DataError as error:
        code, message = DATA, str(error)
    except data_files.Later as error:
        code, message = TEMPORARY, str(error)
    except out_of_memory as error:
        code, message = INFEASIBLE, f"out of memory: {(str(error).splitlines() or ['no more to be had'])[0]}"
    return tell(trial, code, message)
