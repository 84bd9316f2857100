"""A trainer in NumPy for the trial contract of nas-operator: perceptrons on tables and small images, on one CPU core or more."""

import json
import math
import platform
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent / "common"))

import contract  # noqa: E402
import data  # noqa: E402
from targets import log_softmax  # noqa: E402
from network import GraphError, Network  # noqa: E402

MOMENTUM, BETA1, BETA2, EPSILON = 0.9, 0.9, 0.999, 1e-8


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


class Trial(contract.Trial):
    suffix = ".npz"

    def environment(self):
        return {"device": platform.processor() or "cpu", "gpu": "none", "framework": f"numpy {np.__version__}"}

    def run(self):
        self.know("optimizer", "sgd", "adam", "adamw")
        self.know("schedule", "cosine", "constant")
        self.know("classWeights", None, "uniform", "balanced")
        self.know("augmentation", None, [])
        examples, targets, rows = self.examples()
        resolution = self.file["dataset"].get("resolution")
        if resolution:
            examples = reduced(examples, *resolution)
        mean, deviation = data.standard(examples, rows["train"], self.file["dataset"].get("categorical"))
        examples = (examples - mean) / deviation
        parts = {name: examples[at].astype(np.float64) for name, at in rows.items()}
        network = Network(self.file["graph"], self.file["seed"])
        network.check(parts["train"][:2])
        with np.errstate(all="ignore"):  # a training that diverges is seen by its loss
            self.train(network, parts["train"], loss_of(self.recipe, targets, rows["train"]),
                       lambda: targets.score(network.forward(parts["validation"]), rows["validation"]))
        self.judge(targets, lambda part: network.forward(parts[part]), rows)
        if not self.file.get("proxy"):
            self.metrics.update(latency(network, parts["validation"][:1]), params=network.params(), macs=network.macs())

    def train(self, network, inputs, loss, validate):
        recipe, seed = self.recipe, self.file["seed"]
        batches = math.ceil(len(inputs) / recipe["batchSize"])
        optimizer = Optimizer(recipe, network, self.schedule_epochs() * batches, (recipe.get("warmUpEpochs") or 0) * batches)
        begun = self.restore(lambda path: saved(path, network, optimizer))
        for epoch in range(begun + 1, self.file["epochs"] + 1):
            start, total = time.monotonic(), 0.0
            # Batches and dropout depend on seed and epoch alone: a resumed training goes on as it would have.
            random = np.random.default_rng([seed, epoch])
            for at in np.array_split(random.permutation(len(inputs)), batches):
                self.heed(epoch)
                mean, gradient = loss(network.forward(inputs[at], random), at)
                total += mean * len(at)
                network.backward(gradient)
                optimizer.update()
            self.ended(epoch, time.monotonic() - start, total / len(inputs), validate())
            self.save(lambda path, told: np.savez(path, *state(network, optimizer), told=json.dumps({**told, "step": optimizer.step})))


def loss_of(recipe, targets, rows):
    """A function of outputs and the places of a batch in these rows: the mean loss and its gradient by the outputs."""
    if targets.numbers:
        wanted = targets.standard(rows)

        def squared_error(outputs, at):
            errors = outputs - wanted[at]
            return (errors**2).mean(), 2 * errors / errors.size

        return squared_error
    labels, classes, smoothing = targets.of[rows], targets.outputs, recipe.get("labelSmoothing") or 0.0
    spread = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    if recipe.get("classWeights") == "balanced":
        spread = spread * (len(labels) / (classes * np.bincount(labels, minlength=classes)))[labels][:, None]

    def cross_entropy(outputs, at):
        logarithms, weights = log_softmax(outputs), spread[at].sum(axis=1, keepdims=True)
        return -(spread[at] * logarithms).sum() / len(at), (np.exp(logarithms) * weights - spread[at]) / len(at)

    return cross_entropy


def state(network, optimizer):
    """All arrays that a training goes on from."""
    return network.weights + optimizer.first + optimizer.second


def saved(path, network, optimizer):
    """What a checkpoint was told, and a function that takes over the rest."""
    with np.load(path) as archive:
        told = json.loads(str(archive["told"]))
        arrays = [archive[f"arr_{i}"] for i in range(3 * len(network.weights))]

    def take():
        for own, kept in zip(state(network, optimizer), arrays):
            own[:] = kept
        optimizer.step = told["step"]

    return told, take


def reduced(examples, height, width):
    """Smaller images: each value is the mean of those that it covers."""
    rows, columns = examples.shape[2:]
    cut = lambda i, old, new: slice(i * old // new, -(-(i + 1) * old // new))  # noqa: E731
    return np.stack([np.stack([examples[:, :, cut(y, rows, height), cut(x, columns, width)].mean(axis=(2, 3))
                               for x in range(width)], axis=2) for y in range(height)], axis=2)


def latency(network, example):
    """Single inferences after a warm-up."""
    times = []
    for _ in range(250):
        start = time.perf_counter()
        network.forward(example)
        times.append(1000 * (time.perf_counter() - start))
    return contract.costs_of(times[50:])


if __name__ == "__main__":
    sys.exit(contract.main(Trial, GraphError, MemoryError))
