"""Builds a PyTorch module from the graph of a trial file. The operators are those of the trial contract (crds/README.md)."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class GraphError(Exception):
    """The graph cannot be built; the message names the node."""


def same(side, kernel, stride, dilation=1):
    """Padding before and after, so that an output side is the input side divided by the stride, rounded up."""
    span = (kernel - 1) * dilation + 1
    total = max((math.ceil(side / stride) - 1) * stride + span - side, 0)
    return total // 2, total - total // 2


class Convolution(nn.Module):
    """One or two dimensions, without a bias."""

    def __init__(self, dimensions, channels, attributes):
        super().__init__()
        self.kernel, self.stride = attributes["kernel"], attributes.get("stride", 1)
        self.dilation = attributes.get("dilation", 1)
        kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
        self.weights = kind(channels, attributes["filters"], self.kernel, self.stride, dilation=self.dilation,
                            groups=attributes.get("groups", 1), bias=False)

    def forward(self, x):
        sides = [same(side, self.kernel, self.stride, self.dilation) for side in reversed(x.shape[2:])]
        return self.weights(F.pad(x, [p for side in sides for p in side]))


class Pool(nn.Module):
    def __init__(self, largest, kernel, stride):
        super().__init__()
        self.largest, self.kernel, self.stride = largest, kernel, stride

    def forward(self, x):
        padding = [p for side in reversed(x.shape[2:]) for p in same(side, self.kernel, self.stride)]
        if self.largest:
            return F.max_pool2d(F.pad(x, padding, value=-math.inf), self.kernel, self.stride)
        # Padding does not count: the mean is over what lies inside the image.
        inside = F.avg_pool2d(F.pad(torch.ones_like(x[:1, :1]), padding), self.kernel, self.stride)
        return F.avg_pool2d(F.pad(x, padding), self.kernel, self.stride) / inside


class SqueezeExcite(nn.Module):
    def __init__(self, channels, units):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(channels, units), nn.Linear(units, channels)

    def forward(self, x):
        weights = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean(dim=(2, 3))))))
        return x * weights[:, :, None, None]


class Dense(nn.Module):
    """On a vector, or on every position of a sequence."""

    def __init__(self, channels, units):
        super().__init__()
        self.weights = nn.Linear(channels, units)

    def forward(self, x):
        return self.weights(x) if x.dim() == 2 else self.weights(x.transpose(1, 2)).transpose(1, 2)


class LayerNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x) if x.dim() == 2 else self.norm(x.transpose(1, 2)).transpose(1, 2)


class PositionEmbedding(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.embedding = nn.Parameter(0.02 * torch.randn(*shape))

    def forward(self, x):
        return x + self.embedding


class Embedding(nn.Module):
    """Numbers of a table's row, then a vector for each category."""

    def __init__(self, columns, attributes):
        super().__init__()
        self.columns = [c for c in range(columns) if f"categories.{c}" in attributes]
        self.numbers = [c for c in range(columns) if c not in self.columns]
        sizes = [(attributes[f"categories.{c}"], attributes[f"units.{c}"]) for c in self.columns]
        self.vectors = nn.ParameterList(torch.randn(*size) / math.sqrt(size[1]) for size in sizes)

    def forward(self, x):
        rows = x.flatten(1)
        parts = [F.embedding(rows[:, c].long(), v) for c, v in zip(self.columns, self.vectors)]
        return torch.cat([rows[:, self.numbers], *parts], dim=1)


class Attention(nn.Module):
    """Queries, keys and values of channels by positions; up to `window` positions away, 0 for all."""

    def __init__(self, heads, window):
        super().__init__()
        self.heads, self.window = heads, window

    def forward(self, *inputs):
        q, k, v = (x.unflatten(1, (self.heads, -1)).transpose(2, 3) for x in inputs)
        mask = None
        if self.window:
            at = torch.arange(q.shape[2], device=q.device)
            mask = (at[:, None] - at[None, :]).abs() <= self.window
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(2, 3).flatten(1, 2)


class LinearAttention(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, *inputs):
        q, k, v = (x.unflatten(1, (self.heads, -1)) for x in inputs)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        context = torch.einsum("bhkl,bhvl->bhkv", k, v)
        norm = torch.einsum("bhkl,bhk->bhl", q, k.sum(dim=3))
        return (torch.einsum("bhkl,bhkv->bhvl", q, context) / norm[:, :, None]).flatten(1, 2)


class Recurrence(nn.Module):
    """LSTM or GRU with one bias per gate; the result of every position."""

    def __init__(self, kind, channels, units, reverse):
        super().__init__()
        self.reverse = bool(reverse)
        self.cells = kind(channels, units, batch_first=True)
        with torch.no_grad():
            self.cells.bias_hh_l0.zero_()
        self.cells.bias_hh_l0.requires_grad_(False)

    def forward(self, x):
        x = x.transpose(1, 2)
        x = self.cells(x.flip(1) if self.reverse else x)[0]
        return (x.flip(1) if self.reverse else x).transpose(1, 2)


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


FUNCTIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "identity": lambda x: x,
    "add": lambda *xs: sum(xs[1:], xs[0]),
    "concat": lambda *xs: torch.cat(xs, dim=1),
    "globalAvgPool": lambda x: x.flatten(2).mean(dim=2),
    "globalMaxPool": lambda x: x.flatten(2).amax(dim=2),
    "lastPosition": lambda x: x[:, :, -1],
    "flatten": lambda x: x.flatten(1),
    "sequence": lambda x: x.flatten(2),
}


def layer(node, given):
    """The module of a node whose first input has the shape `given`."""
    operator, numbers = node["operator"], {k: v if k == "rate" else int(v) for k, v in node["attributes"].items()}
    if operator in FUNCTIONS:
        return Function(FUNCTIONS[operator])
    match operator:
        case "conv" | "conv1d":
            return Convolution(1 if operator == "conv1d" else 2, given[0], numbers)
        case "batchNorm":
            return (nn.BatchNorm1d if len(given) < 3 else nn.BatchNorm2d)(given[0])
        case "layerNorm":
            return LayerNorm(given[0])
        case "maxPool" | "avgPool":
            return Pool(operator == "maxPool", numbers["kernel"], numbers.get("stride", 1))
        case "squeezeExcite":
            return SqueezeExcite(given[0], numbers["units"])
        case "dense":
            return Dense(given[0], numbers["units"])
        case "dropout":
            return nn.Dropout(numbers["rate"])
        case "zero":
            shape = node["shape"]
            return Function(lambda x: x.new_zeros(x.shape[0], *shape))
        case "embedding":
            return Embedding(math.prod(given), numbers)
        case "positionEmbedding":
            return PositionEmbedding(given)
        case "attention":
            return Attention(numbers["heads"], numbers.get("window", 0))
        case "linearAttention":
            return LinearAttention(numbers["heads"])
        case "lstm" | "gru":
            return Recurrence(nn.LSTM if operator == "lstm" else nn.GRU, given[0], numbers["units"],
                              numbers.get("reverse", 0))
        case _:
            raise GraphError(f"node {node['name']} has the operator {operator}, which this trainer does not know")


class Network(nn.Module):
    """Runs the nodes in their order and forgets results that no later node reads."""

    def __init__(self, graph):
        super().__init__()
        if not graph:
            raise GraphError("the graph is empty: this trainer needs a search space with a network")
        self.nodes = graph
        self.layers = nn.ModuleDict()
        shapes = {}
        for node in graph:
            if node["inputs"]:
                unknown = [i for i in node["inputs"] if i not in shapes]
                if unknown:
                    raise GraphError(f"node {node['name']} reads {unknown[0]}, which does not come before it")
                # Module names have no dots.
                self.layers[node["name"].replace(".", "_")] = layer(node, shapes[node["inputs"][0]])
            shapes[node["name"]] = node["shape"]
        self.last_reader = {i: node["name"] for node in graph for i in node["inputs"]}

    def forward(self, x):
        results = {}
        for node in self.nodes:
            name, inputs = node["name"], node["inputs"]
            results[name] = self.layers[name.replace(".", "_")](*(results[i] for i in inputs)) if inputs else x
            for i in set(inputs):
                if self.last_reader[i] == name:
                    del results[i]
        return results[self.nodes[-1]["name"]]

    def check(self, example):
        """Makes sure that every node has the shape that the trial file declares.

        Raises GraphError with the first node that does not fit.
        """
        results = {}
        self.eval()
        with torch.no_grad():
            for node in self.nodes:
                name, inputs = node["name"], node["inputs"]
                try:
                    module = self.layers[name.replace(".", "_")] if inputs else None
                    results[name] = module(*(results[i] for i in inputs)) if module is not None else example
                except (RuntimeError, ValueError) as error:
                    raise GraphError(f"node {name} ({node['operator']}) cannot be built: {error}") from error
                if list(results[name].shape[1:]) != node["shape"]:
                    raise GraphError(f"node {name} ({node['operator']}) gives the shape {list(results[name].shape[1:])},"
                                     f" but the trial file declares {node['shape']}")

    def params(self):
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
