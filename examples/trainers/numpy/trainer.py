"""A trainer in NumPy for the trial contract of nas-operator: perceptrons on tables and small images, on one CPU core or more."""

import hashlib
import json
import math
import os
import platform
import signal
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent / "pytorch"))

import data  # noqa: E402  (needs NumPy only)
from network import GraphError, Network  # noqa: E402

VERSION = "nas.mlops.dev/trial/v1"
MAX_BYTES = 4096
DONE, ARCHITECTURE, DATA, INFEASIBLE, TEMPORARY = 0, 64, 65, 69, 75
MOMENTUM, BETA1, BETA2, EPSILON = 0.9, 0.9, 0.999, 1e-8


class End(Exception):
    """The trial ends with an exit code and one sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Optimizer:
    """SGD with Nesterov momentum, Adam with L2 decay or AdamW, with clipping, warm-up and a cosine."""

    def __init__(self, recipe, network, steps, warm_up):
        self.recipe, self.network, self.steps, self.warm_up, self.step = recipe, network, steps, warm_up, 0
        self.first = [np.zeros_like(w) for w in network.weights]
        self.second = [np.zeros_like(w) for w in network.weights]

    def rate(self):
        if self.step < self.warm_up:
            return self.recipe["learningRate"] * (self.step + 1) / self.warm_up
        done = (self.step - self.warm_up) / (self.steps - self.warm_up)
        cosine = self.recipe["schedule"] == "cosine"
        return self.recipe["learningRate"] * (0.5 * (1 + math.cos(math.pi * done)) if cosine else 1.0)

    def update(self):
        rate, kind, decay = self.rate(), self.recipe["optimizer"], self.recipe["weightDecay"]
        length = math.sqrt(sum((g**2).sum() for g in self.network.gradients))
        scale = min(1.0, (self.recipe.get("gradientClipping") or math.inf) / length) if length else 1.0
        self.step += 1
        for i, (weights, gradient) in enumerate(zip(self.network.weights, self.network.gradients)):
            gradient = gradient * scale
            if self.network.decays[i] and kind == "adamw":
                weights *= 1 - rate * decay
            elif self.network.decays[i]:
                gradient = gradient + decay * weights
            if kind == "sgd":
                self.first[i] = MOMENTUM * self.first[i] + gradient
                weights -= rate * (gradient + MOMENTUM * self.first[i])
                continue
            self.first[i] = BETA1 * self.first[i] + (1 - BETA1) * gradient
            self.second[i] = BETA2 * self.second[i] + (1 - BETA2) * gradient**2
            mean, square = self.first[i] / (1 - BETA1**self.step), self.second[i] / (1 - BETA2**self.step)
            weights -= rate * mean / (np.sqrt(square) + EPSILON)


class Trial:
    def __init__(self, file):
        self.file, self.history, self.metrics, self.seconds, self.stopping = file, [], {}, 0.0, False

    def result(self, code, message=None):
        document = {"contractVersion": VERSION, "trial": self.file["trial"], "exitCode": code,
                    "metrics": {k: float(v) for k, v in self.metrics.items() if math.isfinite(v)},
                    "epochs": len(self.history), "history": list(self.history),
                    "environment": {"device": platform.processor() or "cpu", "framework": f"numpy {np.__version__}"}}
        if message:
            document["message"] = message[:500]
        # Epochs are thinned, the last one stays, until the message fits.
        while len(json.dumps(document, separators=(",", ":"))) > MAX_BYTES and len(document["history"]) > 1:
            document["history"] = document["history"][:-1][::2][:-1] + document["history"][-1:]
        return document

    def run(self):
        file, recipe = self.file, self.file["recipe"]
        if file["contractVersion"] != VERSION:
            raise End(DATA, f"contractVersion is {file['contractVersion']}; this trainer knows {VERSION}")
        known = {"optimizer": ("sgd", "adam", "adamw"), "schedule": ("cosine", "constant"),
                 "classWeights": (None, "uniform", "balanced"), "augmentation": (None, [])}
        for field, values in known.items():
            if recipe.get(field) not in values:
                raise End(DATA, f"recipe.{field} is {recipe[field]}, which this trainer does not know")
        examples, labels = data.load(file["dataset"], file["folders"]["data"])
        rows = data.parts(labels, file["dataset"]["split"], file["splitSeed"])
        rows["train"] = data.fewer(rows["train"], labels, file["dataset"].get("fraction") or 1.0, file["splitSeed"])
        resolution = file["dataset"].get("resolution")
        if resolution:
            examples = reduced(examples, *resolution)
        examples = (examples - examples[rows["train"]].mean()) / (examples[rows["train"]].std() or 1)
        parts = {name: (examples[at].astype(np.float64), labels[at]) for name, at in rows.items()}
        network = Network(file["graph"], file["seed"])
        network.check(parts["train"][0][:2])
        self.train(network, *parts["train"], parts["validation"])
        self.metrics.update(evaluate(network, *parts["validation"]), validationExamples=len(rows["validation"]),
                            trainSeconds=self.seconds)
        if file["evaluateTest"]:
            test = evaluate(network, *parts["test"])
            self.metrics.update({f"test{name[0].upper()}{name[1:]}": value for name, value in test.items()},
                                testExamples=len(rows["test"]))
        if not resolution:
            self.metrics.update(latency(network, parts["validation"][0][:1]), params=network.params(), macs=network.macs())

    def train(self, network, inputs, labels, validation):
        recipe, epochs, seed, classes = self.file["recipe"], self.file["epochs"], self.file["seed"], self.file["dataset"]["classes"]
        batches = math.ceil(len(inputs) / recipe["batchSize"])
        optimizer = Optimizer(recipe, network, self.schedule_epochs() * batches, (recipe.get("warmUpEpochs") or 0) * batches)
        smoothing = recipe.get("labelSmoothing") or 0.0
        targets = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
        if recipe.get("classWeights") == "balanced":
            targets = targets * len(labels) / (classes * np.bincount(labels, minlength=classes))
        begun = self.restore(network, optimizer)
        for epoch in range(begun + 1, epochs + 1):
            start, total = time.monotonic(), 0.0
            # Batches and dropout depend on seed and epoch alone: a resumed training goes on as it would have.
            random = np.random.default_rng([seed, epoch])
            for at in np.array_split(random.permutation(len(inputs)), batches):
                if self.stopping:
                    raise End(TEMPORARY, f"terminated in epoch {epoch}")
                logarithms = log_softmax(network.forward(inputs[at], random))
                total -= (targets[at] * logarithms).sum()
                weights = targets[at].sum(axis=1, keepdims=True)
                network.backward((np.exp(logarithms) * weights - targets[at]) / len(at))
                optimizer.update()
            self.seconds += time.monotonic() - start
            scores = evaluate(network, *validation)
            if not math.isfinite(total) or not math.isfinite(scores["loss"]):
                raise End(ARCHITECTURE, f"training diverged: the loss is {total / len(inputs)} in epoch {epoch}")
            scores = {name: float(f"{value:.5g}") for name, value in scores.items() if math.isfinite(value)}
            self.history.append({"epoch": epoch, "timeMs": int(time.time() * 1000), "trainLoss": total / len(inputs), **scores})
            self.save(network, optimizer)

    def schedule_epochs(self):
        return self.file["recipe"].get("scheduleEpochs") or self.file["epochs"]

    def checkpoint(self, folder):
        """Where this training's checkpoint lies in a folder of the trial file; None without one."""
        same = {k: v for k, v in self.file.items() if k not in ("folders", "evaluateTest", "trial", "epochs", "decisions")}
        same["recipe"] = {**self.file["recipe"], "scheduleEpochs": self.schedule_epochs()}
        name = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]
        place = self.file["folders"].get(folder)
        return Path(place) / f"{name}.npz" if place else None

    def save(self, network, optimizer):
        target = self.checkpoint("checkpoints")
        if target is None:
            return
        part = target.with_suffix(".part.npz")
        try:
            np.savez(part, *network.weights, *optimizer.first, *optimizer.second,
                     told=json.dumps({"history": self.history, "seconds": self.seconds, "step": optimizer.step}))
            os.replace(part, target)
        except OSError as error:
            # The one before stays; the trial itself goes on.
            print(f"{target} cannot be written: {error}", file=sys.stderr)

    def restore(self, network, optimizer):
        """Number of epochs that this trial's checkpoint, or that of an earlier trial, holds; an unreadable one counts as none."""
        for folder in ("checkpoints", "resume"):
            target = self.checkpoint(folder)
            if target is None or not target.exists():
                continue
            try:
                with np.load(target) as saved:
                    told = json.loads(str(saved["told"]))
                    arrays = [saved[f"arr_{i}"] for i in range(3 * len(network.weights))]
            except Exception as error:  # whatever a torn file brings up
                print(f"{target} cannot be read: {error}", file=sys.stderr)
                continue
            if len(told["history"]) > self.file["epochs"]:
                continue
            for own, kept in zip(network.weights + optimizer.first + optimizer.second, arrays):
                own[:] = kept
            self.history, optimizer.step = told["history"], told["step"]
            # What an earlier trial took is on its own account.
            self.seconds = told["seconds"] if folder == "checkpoints" else 0.0
            return len(self.history)
        return 0

    def clean(self):
        """Removes checkpoints that nobody will go on from."""
        done = self.file["epochs"] == self.schedule_epochs()
        for target in (self.checkpoint("checkpoints") if done else None, self.checkpoint("resume")):
            if target:
                target.unlink(missing_ok=True)


def reduced(examples, height, width):
    """Smaller images: each value is the mean of those that it covers."""
    rows, columns = examples.shape[2:]
    cut = lambda i, old, new: slice(i * old // new, -(-(i + 1) * old // new))  # noqa: E731
    return np.stack([np.stack([examples[:, :, cut(y, rows, height), cut(x, columns, width)].mean(axis=(2, 3))
                               for x in range(width)], axis=2) for y in range(height)], axis=2)


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def evaluate(network, inputs, labels):
    logarithms = log_softmax(network.forward(inputs))
    answers, classes = logarithms.argmax(axis=1), logarithms.shape[1]
    present = np.bincount(labels, minlength=classes)
    seen = np.bincount(answers, minlength=classes) + present
    f1 = 2 * np.bincount(labels[answers == labels], minlength=classes)[seen > 0] / seen[seen > 0]
    areas = [area(logarithms[:, c], labels == c) for c in range(classes) if 0 < present[c] < len(labels)]
    return {"accuracy": (answers == labels).mean(), "loss": -logarithms[np.arange(len(labels)), labels].mean(),
            "macroF1": f1.mean(), "auc": np.mean(areas) if areas else math.nan}


def area(scores, positive):
    """Under the ROC curve: the part of pairs in the right order, ties counting half (Mann and Whitney)."""
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[ranks]
    count = positive.sum()
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count))


def latency(network, example):
    """Median and 99th percentile of single inferences after a warm-up."""
    times = []
    for _ in range(250):
        start = time.perf_counter()
        network.forward(example)
        times.append(1000 * (time.perf_counter() - start))
    times = sorted(times[50:])
    return {"latencyMs": times[len(times) // 2], "latencyP99Ms": times[math.ceil(len(times) * 0.99) - 1]}


def main():
    try:
        file = json.loads(Path(os.environ["NAS_TRIAL_FILE"]).read_text(encoding="utf-8"))
    except ValueError as error:
        print(f"the trial file is not JSON: {error}", file=sys.stderr)
        return DATA
    if "--check-data" in sys.argv[1:]:
        try:
            _, labels = data.load(file["dataset"], file["folders"]["data"])
            data.parts(labels, file["dataset"]["split"], file["splitSeed"])
            return DONE
        except (data.DataError, data.Later) as error:
            print(error, file=sys.stderr)
            return DATA if isinstance(error, data.DataError) else TEMPORARY
    trial = Trial(file)
    signal.signal(signal.SIGTERM, lambda *_: setattr(trial, "stopping", True))
    code, message = DONE, None
    try:
        with np.errstate(all="ignore"):  # a training that diverges is seen by its loss
            trial.run()
        trial.clean()
    except End as end:
        code, message = end.code, str(end)
    except GraphError as error:
        code, message = ARCHITECTURE, str(error)
    except data.DataError as error:
        code, message = DATA, str(error)
    except data.Later as error:
        code, message = TEMPORARY, str(error)
    except MemoryError as error:
        code, message = INFEASIBLE, f"out of memory: {error}"
    if message:
        print(message, file=sys.stderr)
    target = Path(os.environ.get("NAS_RESULT_FILE", "/dev/termination-log"))
    target.write_text(json.dumps(trial.result(code, message), separators=(",", ":"), allow_nan=False))
    return code


if __name__ == "__main__":
    sys.exit(main())
