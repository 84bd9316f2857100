"""What a network has to say of every example, a label or numbers, and how well it does, by the contract's metrics."""

import math

import numpy as np


class Labels:
    """Class labels, from 0. A network gives a logit for each class."""

    numbers = False

    def __init__(self, classes, of):
        self.outputs, self.of = classes, of
        self.strata = of  # every part has the same share of each class

    def score(self, logits, rows):
        """Accuracy, cross-entropy, macro F1 and the area under the ROC curve of some rows; NaN for what these do not allow."""
        labels, classes = self.of[rows], self.outputs
        logarithms = log_softmax(logits.astype(np.float64))
        answers, present = logarithms.argmax(axis=1), np.bincount(labels, minlength=classes)
        seen = np.bincount(answers, minlength=classes) + present
        f1 = 2 * np.bincount(labels[answers == labels], minlength=classes)[seen > 0] / seen[seen > 0]
        areas = [area(logarithms[:, c], labels == c) for c in range(classes) if 0 < present[c] < len(labels)]
        return {"accuracy": (answers == labels).mean(), "loss": -logarithms[np.arange(len(labels)), labels].mean(),
                "macroF1": f1.mean(), "auc": np.mean(areas) if areas else math.nan}


class Numbers:
    """Numbers of each example in the data's own units. A network learns them with mean 0 and deviation 1 over the training part."""

    numbers = True

    def __init__(self, values):
        self.values, self.outputs = values.astype(np.float64), values.shape[1]
        self.strata = np.zeros(len(values), np.int64)
        self.mean, self.deviation = np.zeros(self.outputs), np.ones(self.outputs)

    def measure(self, rows):
        """Takes mean and deviation from some rows; a column that is always the same keeps a deviation of 1."""
        self.mean, deviation = self.values[rows].mean(axis=0), self.values[rows].std(axis=0)
        self.deviation = np.where(deviation > 1e-12, deviation, 1)

    def standard(self, rows):
        """What a network has to say of some rows."""
        return (self.values[rows] - self.mean) / self.deviation

    def score(self, outputs, rows):
        """Mean squared error of standardised numbers as loss; the others in the data's units, means over the columns; r2 is NaN
        where a column does not vary."""
        truth = self.values[rows]
        errors = outputs * self.deviation + self.mean - truth
        squares, variation = (errors**2).mean(axis=0), truth.var(axis=0)
        explained = 1 - np.divide(squares, variation, out=np.full(self.outputs, math.nan), where=variation > 0)
        return {"loss": (squares / self.deviation**2).mean(), "rmse": np.sqrt(squares).mean(),
                "mae": np.abs(errors).mean(), "r2": explained.mean()}


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def area(scores, positive):
    """Under the ROC curve: the part of pairs in the right order, ties counting half (Mann and Whitney)."""
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[ranks]
    count = positive.sum()
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count))


def standard_errors(targets, outputs, rows, seed):
    """How far each score would lie apart on other examples of the same kind: its deviation over draws with replacement (Efron 1979),
    1,000 of them, fewer where there are very many numbers to look at."""
    random, count = np.random.default_rng(seed), len(rows)
    draws = [random.integers(count, size=count) for _ in range(max(100, min(1_000, 100_000_000 // outputs.size)))]
    scores = [targets.score(outputs[at], rows[at]) for at in draws]
    finite = {name: [s[name] for s in scores if math.isfinite(s[name])] for name in scores[0]}
    return {name: np.std(values, ddof=1) for name, values in finite.items() if len(values) > 1}
