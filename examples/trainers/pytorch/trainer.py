"""A trainer in PyTorch for the trial contract of nas-operator, for CPUs and whatever GPU PyTorch supports."""

import hashlib
import json
import math
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path

STARTED = time.monotonic()
# Importing PyTorch takes a while; a trial that is terminated meanwhile may go on elsewhere too.
signal.signal(signal.SIGTERM, lambda *_: os._exit(75))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import data  # noqa: E402
from network import GraphError, Network  # noqa: E402

VERSION = "nas.mlops.dev/trial/v1"
MAX_BYTES = 4096
AUGMENTATIONS = ("flip", "crop", "cutout", "mixup")
DONE, ARCHITECTURE, DATA, INFEASIBLE, TEMPORARY = 0, 64, 65, 69, 75


class End(Exception):
    """The trial ends with an exit code and one sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Terminated(Exception):
    """SIGTERM came."""


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


class Trial:
    def __init__(self, file):
        self.file = file
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.history, self.metrics, self.seconds = [], {}, 0.0
        self.stopping = False

    def result(self, code, message=None):
        environment = {"device": torch.cuda.get_device_name() if self.device.type == "cuda" else platform.processor() or "cpu",
                       "framework": f"pytorch {torch.__version__}", "threads": str(torch.get_num_threads())}
        document = {"contractVersion": VERSION, "trial": self.file["trial"], "exitCode": code,
                    "metrics": {k: v for k, v in self.metrics.items() if math.isfinite(v)},
                    "epochs": len(self.history), "history": list(self.history), "environment": environment}
        if message:
            document["message"] = message[:500]
        # Epochs are thinned, the last one stays, until the message fits.
        while len(json.dumps(document, separators=(",", ":"))) > MAX_BYTES and len(document["history"]) > 1:
            document["history"] = document["history"][:-1][::2][:-1] + document["history"][-1:]
        return document

    def run(self):
        file = self.file
        if file["contractVersion"] != VERSION:
            raise End(DATA, f"contractVersion is {file['contractVersion']}; this trainer knows {VERSION}")
        for change in file["recipe"].get("augmentation") or []:
            if change not in AUGMENTATIONS:
                raise End(DATA, f"recipe.augmentation holds {change}; {', '.join(AUGMENTATIONS)} are known")
        examples, labels = data.load(file["dataset"], file["folders"]["data"])
        rows = data.parts(labels, file["dataset"]["split"], file["splitSeed"])
        rows["train"] = data.fewer(rows["train"], labels, file["dataset"].get("fraction") or 1.0, file["splitSeed"])
        reduced = file["dataset"].get("resolution")
        if reduced:
            examples = F.adaptive_avg_pool2d(torch.from_numpy(examples), reduced).numpy()
        mean, deviation = examples[rows["train"]].mean(), examples[rows["train"]].std() or 1
        everything = {name: (torch.from_numpy((examples[at] - mean) / deviation).to(self.device),
                             torch.from_numpy(labels[at]).to(self.device)) for name, at in rows.items()}
        torch.manual_seed(file["seed"])
        self.refuse_too_large()
        network = Network(file["graph"])
        network.check(torch.zeros(2, *examples.shape[1:]))
        network.to(self.device)
        if not reduced:
            self.metrics["params"] = network.params()
        self.train(network, *everything["train"], everything["validation"])
        self.metrics.update(evaluate(network, *everything["validation"]), validationExamples=len(rows["validation"]),
                            trainSeconds=self.seconds)
        if file["evaluateTest"]:
            test = evaluate(network, *everything["test"])
            self.metrics.update({f"test{name[0].upper()}{name[1:]}": value for name, value in test.items()},
                                testExamples=len(rows["test"]))
        self.leave(network, mean, deviation)
        if not reduced:
            self.metrics.update(latency(network, everything["validation"][0][:1]))
        if self.device.type == "cuda":
            self.metrics["gpuMemoryMiB"] = torch.cuda.max_memory_allocated() / 2**20

    def leave(self, network, mean, deviation):
        """The trained network where the operator has a place for it: its graph, its weights, and how examples are standardised."""
        if not self.file["folders"].get("model"):
            return
        folder = Path(self.file["folders"]["model"])
        folder.mkdir(parents=True, exist_ok=True)
        torch.save({"graph": self.file["graph"], "network": network.state_dict(), "mean": float(mean), "deviation": float(deviation)},
                   folder / "model.part")
        os.replace(folder / "model.part", folder / "model.pt")

    def refuse_too_large(self):
        """Counts on the meta device, which allocates nothing."""
        with torch.device("meta"):
            params = Network(self.file["graph"]).params()
        if self.device.type == "cuda":
            memory = torch.cuda.mem_get_info()[1]
        else:
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        # Weights, gradients, and two moments of the optimiser.
        if 16 * params > memory:
            raise End(INFEASIBLE, f"{params:,} parameters need {16 * params >> 20:,} MiB to train,"
                                  f" but the device has {memory >> 20:,} MiB")

    def train(self, network, inputs, labels, validation):
        recipe, epochs, seed = self.file["recipe"], self.file["epochs"], self.file["seed"]
        optimizer = optimiser(network, recipe)
        batch = recipe["batchSize"]
        per_epoch = math.ceil(len(inputs) / batch)
        steps, warm_up = self.schedule_epochs() * per_epoch, recipe.get("warmUpEpochs", 0) * per_epoch
        cosine = recipe["schedule"] == "cosine"

        def rate(step):
            if step < warm_up:
                return (step + 1) / warm_up
            done = min(step - warm_up, steps - warm_up) / (steps - warm_up)
            return 0.5 * (1 + math.cos(math.pi * done)) if cosine else 1.0

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        targets, weights = one_hot(labels, self.file["dataset"]["classes"], recipe)
        longest = recipe.get("gradientClipping")
        begun = self.restore(network, optimizer, schedule)
        for epoch in range(begun + 1, epochs + 1):
            start = time.monotonic()
            network.train()
            # Batches, augmentation and dropout depend on seed and epoch alone: a resumed training goes on as it would have.
            order = np.random.default_rng([seed, epoch]).permutation(len(inputs))
            torch.manual_seed(seed * 1_000_003 + epoch)
            total = torch.zeros((), device=self.device)
            for at in np.array_split(order, math.ceil(len(order) / batch)):
                if self.stopping:
                    raise Terminated
                rows = torch.from_numpy(at).to(self.device)
                batch_inputs, batch_targets = augmented(inputs[rows], targets[rows], recipe.get("augmentation") or [])
                loss = F.cross_entropy(network(batch_inputs), batch_targets, weight=weights,
                                       label_smoothing=recipe.get("labelSmoothing", 0.0))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                if longest:
                    torch.nn.utils.clip_grad_norm_(network.parameters(), longest)
                optimizer.step()
                schedule.step()
                total += loss.detach() * len(at)
                if epoch == 1 and "startSeconds" not in self.metrics:
                    loss.item()
                    self.metrics["startSeconds"] = time.monotonic() - STARTED
            train_loss = total.item() / len(inputs)
            self.seconds += time.monotonic() - start
            if not math.isfinite(train_loss):
                raise End(ARCHITECTURE, f"training diverged: the loss is {train_loss} in epoch {epoch}")
            scores = {name: float(f"{v:.5g}") for name, v in evaluate(network, *validation).items() if math.isfinite(v)}
            self.history.append({"epoch": epoch, "timeMs": int(time.time() * 1000), "trainLoss": train_loss, **scores})
            self.save(network, optimizer, schedule)
        self.metrics["imagesPerSecond"] = len(inputs) * (epochs - begun) / self.seconds if epochs > begun else math.nan

    def schedule_epochs(self):
        return self.file["recipe"].get("scheduleEpochs") or self.file["epochs"]

    def fingerprint(self):
        """The same for all trials of one training, wherever they stop."""
        same = {k: v for k, v in self.file.items() if k not in ("folders", "evaluateTest", "trial", "epochs", "decisions")}
        same["recipe"] = {**self.file["recipe"], "scheduleEpochs": self.schedule_epochs()}
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()

    def checkpoint(self, folder):
        """Where this training's checkpoint lies in a folder of the trial file; None without one."""
        place = self.file["folders"].get(folder)
        return Path(place) / f"{self.fingerprint()[:16]}.pt" if place else None

    def clean(self):
        """Removes checkpoints that nobody will go on from."""
        if self.file["epochs"] == self.schedule_epochs() and self.checkpoint("checkpoints"):
            self.checkpoint("checkpoints").unlink(missing_ok=True)
        if self.checkpoint("resume"):
            self.checkpoint("resume").unlink(missing_ok=True)

    def save(self, network, optimizer, schedule):
        target = self.checkpoint("checkpoints")
        if target is None:
            return
        part = target.with_suffix(".part")
        torch.save({"fingerprint": self.fingerprint(), "network": network.state_dict(), "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(), "history": self.history, "seconds": self.seconds}, part)
        os.replace(part, target)

    def restore(self, network, optimizer, schedule):
        """Number of epochs that this trial's checkpoint, or that of an earlier trial, holds; an unreadable one counts as none."""
        for folder in ("checkpoints", "resume"):
            target = self.checkpoint(folder)
            if target is None or not target.exists():
                continue
            try:
                saved = torch.load(target, map_location=self.device, weights_only=True)
            except Exception as error:  # whatever a torn file brings up
                print(f"{target} cannot be read: {error}", file=sys.stderr)
                continue
            if saved["fingerprint"] != self.fingerprint() or len(saved["history"]) > self.file["epochs"]:
                continue
            network.load_state_dict(saved["network"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            self.history = saved["history"]
            # What an earlier trial took is on its own account.
            self.seconds = saved["seconds"] if folder == "checkpoints" else 0.0
            return len(self.history)
        return 0


def one_hot(labels, classes, recipe):
    """Targets of the loss, and the weight of each class or None."""
    targets = F.one_hot(labels, classes).float()
    match recipe.get("classWeights", "uniform"):
        case "uniform":
            return targets, None
        case "balanced":
            return targets, len(labels) / (classes * targets.sum(dim=0))
        case other:
            raise End(DATA, f"recipe.classWeights is {other}; uniform and balanced are known")


def augmented(images, targets, changes):
    """Images changed at random; the draws come from PyTorch's seeded generator."""
    count, _, height, width = images.shape
    draw = lambda below: torch.randint(below, (count, 1), device=images.device)  # noqa: E731
    rows, columns = (torch.arange(side, device=images.device) for side in (height, width))
    for change in [c for c in AUGMENTATIONS if c in changes]:
        if change == "flip":
            images = torch.where(draw(2).view(count, 1, 1, 1) == 1, images.flip(3), images)
        elif change == "crop":
            most = (round(height / 8), round(width / 8))
            y, x = (side - draw(2 * m + 1) + m for side, m in zip((rows, columns), most))
            kept = ((y >= 0) & (y < height))[:, None, :, None] & ((x >= 0) & (x < width))[:, None, None, :]
            at = torch.arange(count, device=images.device)[:, None, None]
            moved = images[at, :, y.clamp(0, height - 1)[:, :, None], x.clamp(0, width - 1)[:, None, :]]
            images = torch.where(kept, moved.permute(0, 3, 1, 2), torch.zeros_like(images))
        elif change == "cutout":
            side = max(1, (width if height == 1 else min(height, width)) // 2)
            top, left = draw(height) - side // 2, draw(width) - side // 2
            inside = (((rows >= top) & (rows < top + side))[:, None, :, None]
                      & ((columns >= left) & (columns < left + side))[:, None, None, :])
            images = images.masked_fill(inside, 0.0)
        elif change == "mixup":
            # The ratio from NumPy: PyTorch draws from beta distributions by no generator of the CPU's seed on a GPU.
            ratio = np.random.default_rng(torch.randint(2**31, ()).item()).beta(0.2, 0.2)
            other = torch.randperm(count, device=images.device)
            images = ratio * images + (1 - ratio) * images[other]
            targets = ratio * targets + (1 - ratio) * targets[other]
    return images, targets


def optimiser(network, recipe):
    # Biases and normalisations do not decay.
    decays = [p for p in network.parameters() if p.requires_grad and p.dim() > 1]
    others = [p for p in network.parameters() if p.requires_grad and p.dim() <= 1]
    groups = [{"params": decays, "weight_decay": recipe["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    rate = recipe["learningRate"]
    match recipe["optimizer"]:
        case "adam":
            return torch.optim.Adam(groups, lr=rate)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)
        case other:
            raise End(DATA, f"recipe.optimizer is {other}; adam, adamw and sgd are known")


@torch.no_grad()
def evaluate(network, inputs, labels):
    network.eval()
    logarithms = torch.cat([F.log_softmax(network(inputs[at:at + 1024]), dim=1) for at in range(0, len(inputs), 1024)])
    answers, classes = logarithms.argmax(dim=1), logarithms.shape[1]
    right, present = answers == labels, torch.bincount(labels, minlength=classes)
    seen = torch.bincount(answers, minlength=classes) + present
    f1 = 2 * torch.bincount(labels[right], minlength=classes)[seen > 0] / seen[seen > 0]
    areas = [area(logarithms[:, c], labels == c) for c in range(classes) if 0 < present[c] < len(labels)]
    return {"accuracy": right.double().mean().item(), "loss": F.nll_loss(logarithms, labels).item(),
            "macroF1": f1.double().mean().item(), "auc": sum(areas) / len(areas) if areas else math.nan}


def area(scores, positive):
    """Under the ROC curve: the part of pairs in the right order, ties counting half (Mann and Whitney)."""
    _, ranks, counts = scores.unique(return_inverse=True, return_counts=True)
    mean_ranks = counts.cumsum(0).double() - (counts - 1) / 2
    count = positive.sum().item()
    above = mean_ranks[ranks][positive].sum().item() - count * (count + 1) / 2
    return above / (count * (len(scores) - count))


@torch.no_grad()
def latency(network, example):
    """Median, 99th percentile and spread of single inferences after a warm-up, the wait for the GPU included."""
    network.eval()
    wait = torch.cuda.synchronize if example.is_cuda else lambda: None
    times = []
    for run in range(250):
        start = time.perf_counter()
        network(example)
        wait()
        times.append(1000 * (time.perf_counter() - start))
    times = sorted(times[50:])
    at = lambda part: times[math.ceil(len(times) * part) - 1]
    return {"latencyMs": times[len(times) // 2], "latencyP99Ms": at(0.99), "latencySpread": (at(0.9) - at(0.1)) / times[len(times) // 2]}


def log_to_mlflow(trial):
    """What the contract's result has no place for; the operator itself logs the result's metrics into the same run."""
    if not (os.environ.get("MLFLOW_TRACKING_URI") and os.environ.get("MLFLOW_RUN_ID")):
        return
    try:
        import mlflow

        with mlflow.start_run(run_id=os.environ["MLFLOW_RUN_ID"]):
            mlflow.set_tag("device", trial.result(DONE)["environment"]["device"])
            mlflow.log_text(str(torch.__config__.show()), "pytorch.txt")
    except Exception as error:  # tracking must not cost a trial
        print(f"MLflow was not told: {error}", file=sys.stderr)


def main():
    with open(os.environ["NAS_TRIAL_FILE"], encoding="utf-8") as text:
        try:
            file = json.load(text)
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
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    trial = Trial(file)
    signal.signal(signal.SIGTERM, lambda *_: setattr(trial, "stopping", True))
    code, message = DONE, None
    try:
        trial.run()
        trial.clean()
        log_to_mlflow(trial)
    except End as end:
        code, message = end.code, str(end)
    except Terminated:
        code, message = TEMPORARY, f"terminated in epoch {len(trial.history) + 1}"
    except GraphError as error:
        code, message = ARCHITECTURE, str(error)
    except data.DataError as error:
        code, message = DATA, str(error)
    except data.Later as error:
        code, message = TEMPORARY, str(error)
    except (torch.cuda.OutOfMemoryError, MemoryError) as error:
        code, message = INFEASIBLE, f"out of memory: {str(error).splitlines()[0] if str(error) else 'no more to be had'}"
    if message:
        print(message, file=sys.stderr)
    write(os.environ.get("NAS_RESULT_FILE", "/dev/termination-log"), trial.result(code, message))
    return code


if __name__ == "__main__":
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    sys.exit(main())
