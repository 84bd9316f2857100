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
        return {"device": platform.processor() or "cpu", "framework": f"numpy {np.__version__}"}

    def run(self):
        self.know("optimizer", "sgd", "adam", "adamw")
        self.know("schedule", "cosine", "constant")
        self.know("classWeights", None, "uniform", "balanced")
        self.know("augmentation", None, [])
        examples, labels, rows = self.examples()
        resolution = self.file["dataset"].get("resolution")
        if resolution:
            examples = reduced(examples, *resolution)
        examples = (examples - examples[rows["train"]].mean()) / (examples[rows["train"]].std() or 1)
        parts = {name: (examples[at].astype(np.float64), labels[at]) for name, at in rows.items()}
        network = Network(self.file["graph"], self.file["seed"])
        network.check(parts["train"][0][:2])
        with np.errstate(all="ignore"):  # a training that diverges is seen by its loss
            self.train(network, *parts["train"], parts["validation"])
        self.judge(lambda part: evaluate(network, *parts[part]), rows)
        if not resolution:
            self.metrics.update(latency(network, parts["validation"][0][:1]), params=network.params(), macs=network.macs())

    def train(self, network, inputs, labels, validation):
        recipe, seed, classes = self.recipe, self.file["seed"], self.file["dataset"]["classes"]
        batches = math.ceil(len(inputs) / recipe["batchSize"])
        optimizer = Optimizer(recipe, network, self.schedule_epochs() * batches, (recipe.get("warmUpEpochs") or 0) * batches)
        smoothing = recipe.get("labelSmoothing") or 0.0
        targets = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
        if recipe.get("classWeights") == "balanced":
            targets = targets * len(labels) / (classes * np.bincount(labels, minlength=classes))
        begun = self.restore(lambda path: saved(path, network, optimizer))
        for epoch in range(begun + 1, self.file["epochs"] + 1):
            start, total = time.monotonic(), 0.0
            # Batches and dropout depend on seed and epoch alone: a resumed training goes on as it would have.
            random = np.random.default_rng([seed, epoch])
            for at in np.array_split(random.permutation(len(inputs)), batches):
                self.heed(epoch)
                logarithms = log_softmax(network.forward(inputs[at], random))
                total -= (targets[at] * logarithms).sum()
                weights = targets[at].sum(axis=1, keepdims=True)
                network.backward((np.exp(logarithms) * weights - targets[at]) / len(at))
                optimizer.update()
            self.ended(epoch, time.monotonic() - start, total / len(inputs), evaluate(network, *validation))
            self.save(lambda path, told: np.savez(path, *state(network, optimizer), told=json.dumps({**told, "step": optimizer.step})))


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
    """Single inferences after a warm-up."""
    times = []
    for _ in range(250):
        start = time.perf_counter()
        network.forward(example)
        times.append(1000 * (time.perf_counter() - start))
    return contract.costs_of(times[50:])


if __name__ == "__main__":
    sys.exit(contract.main(Trial, GraphError, MemoryError))
