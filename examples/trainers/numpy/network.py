"""Perceptrons in NumPy: the operators of the trial contract that need no convolution, each with its gradient."""

import math

import numpy as np


class GraphError(Exception):
    """The graph cannot be built; the message names the node."""


class Function:
    """Without weights: a function of the inputs, and of the gradient with respect to them."""

    def __init__(self, forward, backward):
        self.function, self.derivative, self.weights, self.gradients = forward, backward, [], []

    def forward(self, inputs, random):
        self.inputs = inputs
        return self.function(*inputs)

    def backward(self, gradient):
        return self.derivative(gradient, *self.inputs)


class Dense:
    def __init__(self, channels, units, random):
        self.weights = [random.normal(0, math.sqrt(2 / channels), (channels, units)), np.zeros(units)]
        self.gradients = [np.zeros_like(w) for w in self.weights]

    def forward(self, inputs, random):
        self.input = inputs[0]
        return self.input @ self.weights[0] + self.weights[1]

    def backward(self, gradient):
        self.gradients[0][:] = self.input.T @ gradient
        self.gradients[1][:] = gradient.sum(axis=0)
        return [gradient @ self.weights[0].T]


class Embedding:
    """Numbers of a table's row, then a vector for each category; it reads the examples themselves, so that no gradient goes further."""

    def __init__(self, columns, tables, random):
        self.columns = list(tables)
        self.numbers = [c for c in range(columns) if c not in tables]
        self.weights = [random.normal(0, 1 / math.sqrt(units), (categories, units)) for categories, units in tables.values()]
        self.gradients = [np.zeros_like(w) for w in self.weights]

    def forward(self, inputs, random):
        rows = inputs[0].reshape(len(inputs[0]), -1)
        self.codes = [rows[:, c].astype(np.int64) for c in self.columns]
        return np.concatenate([rows[:, self.numbers], *(w[at] for w, at in zip(self.weights, self.codes))], axis=1)

    def backward(self, gradient):
        start = len(self.numbers)
        for own, at in zip(self.gradients, self.codes):
            own[:] = 0
            np.add.at(own, at, gradient[:, start:start + own.shape[1]])
            start += own.shape[1]
        return [0.0]


class LayerNorm:
    def __init__(self, channels):
        self.weights = [np.ones(channels), np.zeros(channels)]
        self.gradients = [np.zeros_like(w) for w in self.weights]

    def forward(self, inputs, random):
        centred = inputs[0] - inputs[0].mean(axis=1, keepdims=True)
        self.deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        self.normal = centred / self.deviation
        return self.normal * self.weights[0] + self.weights[1]

    def backward(self, gradient):
        self.gradients[0][:] = (gradient * self.normal).sum(axis=0)
        self.gradients[1][:] = gradient.sum(axis=0)
        scaled = gradient * self.weights[0]
        along = (scaled * self.normal).mean(axis=1, keepdims=True) * self.normal
        return [(scaled - scaled.mean(axis=1, keepdims=True) - along) / self.deviation]


class Dropout:
    def __init__(self, rate):
        self.rate, self.weights, self.gradients = rate, [], []

    def forward(self, inputs, random):
        self.kept = 1.0 if random is None else (random.random(inputs[0].shape) >= self.rate) / (1 - self.rate)
        return inputs[0] * self.kept

    def backward(self, gradient):
        return [gradient * self.kept]


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def gelu(x):
    return x * sigmoid(1.702 * x)


def gelu_slope(x):
    s = sigmoid(1.702 * x)
    return s + 1.702 * x * s * (1 - s)


def silu_slope(x):
    s = sigmoid(x)
    return s + x * s * (1 - s)


def split(gradient, *inputs):
    return np.split(gradient, np.cumsum([x.shape[1] for x in inputs])[:-1], axis=1)


FUNCTIONS = {
    "relu": (lambda x: np.maximum(x, 0), lambda g, x: [g * (x > 0)]),
    "tanh": (np.tanh, lambda g, x: [g * (1 - np.tanh(x) ** 2)]),
    "gelu": (gelu, lambda g, x: [g * gelu_slope(x)]),
    "silu": (lambda x: x * sigmoid(x), lambda g, x: [g * silu_slope(x)]),
    "identity": (lambda x: x, lambda g, x: [g]),
    "add": (lambda *xs: sum(xs[1:], xs[0]), lambda g, *xs: [g] * len(xs)),
    "concat": (lambda *xs: np.concatenate(xs, axis=1), split),
    "flatten": (lambda x: x.reshape(len(x), -1), lambda g, x: [g.reshape(x.shape)]),
    "globalAvgPool": (lambda x: x.mean(axis=(2, 3)),
                      lambda g, x: [np.broadcast_to(g[:, :, None, None], x.shape) / (x.shape[2] * x.shape[3])]),
}


def layer(node, given, random):
    """The layer of a node whose first input has the shape `given`."""
    operator, numbers = node["operator"], node["attributes"]
    if operator in ("dense", "layerNorm") and len(given) != 1:
        raise GraphError(f"node {node['name']} ({operator}) reads the shape {given}; this trainer knows it for vectors only")
    match operator:
        case "embedding":
            return Embedding(math.prod(given), embedded(node, math.prod(given)), random)
        case "dense":
            return Dense(given[0], int(numbers["units"]), random)
        case "layerNorm":
            return LayerNorm(given[0])
        case "dropout":
            return Dropout(numbers["rate"])
        case _ if operator in FUNCTIONS:
            return Function(*FUNCTIONS[operator])
    raise GraphError(f"node {node['name']} has the operator {operator}, which this trainer does not know")


def embedded(node, columns):
    """Categories and length of the vectors of each column that has some."""
    numbers = node["attributes"]
    return {c: (int(numbers[f"categories.{c}"]), int(numbers[f"units.{c}"])) for c in range(columns) if f"categories.{c}" in numbers}


class Network:
    def __init__(self, graph, seed):
        if not graph:
            raise GraphError("the graph is empty: this trainer needs a search space with a network")
        random, shapes = np.random.default_rng(seed), {}
        self.nodes, self.layers = graph, {}
        for node in graph:
            unknown = [i for i in node["inputs"] if i not in shapes]
            if unknown:
                raise GraphError(f"node {node['name']} reads {unknown[0]}, which does not come before it")
            if node["inputs"]:
                self.layers[node["name"]] = layer(node, shapes[node["inputs"][0]], random)
            shapes[node["name"]] = node["shape"]
        # Weight decay skips biases and normalisations.
        self.weights = [w for own in self.layers.values() for w in own.weights]
        self.gradients = [g for own in self.layers.values() for g in own.gradients]
        self.decays = [w.ndim > 1 for w in self.weights]

    def check(self, example):
        """Raises GraphError with the first node that does not give the shape that the trial file declares."""
        self.forward(example)
        for node in self.nodes:
            found = list(self.results[node["name"]].shape[1:])
            if found != node["shape"]:
                raise GraphError(f"node {node['name']} ({node['operator']}) gives the shape {found},"
                                 f" but the trial file declares {node['shape']}")

    def forward(self, x, random=None):
        """The logits; with a generator for dropout while training."""
        self.results = {}
        for node in self.nodes:
            inputs = [self.results[i] for i in node["inputs"]]
            try:
                self.results[node["name"]] = self.layers[node["name"]].forward(inputs, random) if inputs else x
            except ValueError as error:
                raise GraphError(f"node {node['name']} ({node['operator']}) cannot be built: {error}") from error
        return self.results[self.nodes[-1]["name"]]

    def backward(self, gradient):
        """From the gradient of the logits to `gradients`."""
        open_gradients = {self.nodes[-1]["name"]: gradient}
        for node in reversed(self.nodes):
            own = open_gradients.pop(node["name"], None)
            if own is None or not node["inputs"]:
                continue
            for name, more in zip(node["inputs"], self.layers[node["name"]].backward(own)):
                open_gradients[name] = open_gradients[name] + more if name in open_gradients else more

    def params(self):
        return sum(w.size for w in self.weights)

    def macs(self):
        return sum(w.size for own in self.layers.values() if isinstance(own, Dense) for w in own.weights[:1])
