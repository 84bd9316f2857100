"""A trainer in PyTorch for the trial contract of nas-operator, for CPUs and whatever GPU PyTorch supports."""

import math
import os
import platform
import signal
import sys
import time
from pathlib import Path

STARTED = time.monotonic()
# Importing PyTorch takes a while; a trial that is terminated meanwhile may go on elsewhere too.
signal.signal(signal.SIGTERM, lambda *_: os._exit(75))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parent.parent / "common"))

import contract  # noqa: E402
import data  # noqa: E402
import energy  # noqa: E402
from contract import DATA, INFEASIBLE, End  # noqa: E402
from network import GraphError, Network  # noqa: E402

AUGMENTATIONS = ("flip", "crop", "cutout", "mixup")
OUT_OF_MEMORY = (torch.cuda.OutOfMemoryError, MemoryError)


class Trial(contract.Trial):
    suffix = ".pt"

    def __init__(self, file):
        super().__init__(file)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def environment(self):
        gpu = torch.cuda.get_device_name() if self.device.type == "cuda" else None
        return {"device": gpu or platform.processor() or "cpu", "gpu": gpu or "none: PyTorch finds none that it can use",
                "framework": f"pytorch {torch.__version__}", "threads": str(torch.get_num_threads())}

    def parts(self):
        if self.device.type != "cuda":
            return super().parts()
        # The very GPU that computes: NVML numbers them otherwise than CUDA.
        own = torch.cuda.get_device_properties(self.device)
        return {**super().parts(), "gpu": lambda: energy.Gpu(f"GPU-{own.uuid}", own.name)}

    def run(self):
        file = self.file
        self.know("optimizer", "adam", "adamw", "sgd")
        self.know("schedule", "cosine", "constant")
        self.know("classWeights", None, "uniform", "balanced")
        for change in self.recipe.get("augmentation") or []:
            if change not in AUGMENTATIONS:
                raise End(DATA, f"recipe.augmentation holds {change}; {', '.join(AUGMENTATIONS)} are known")
        examples, targets, rows = self.examples()
        reduced = file["dataset"].get("resolution")
        if reduced:
            examples = F.adaptive_avg_pool2d(torch.from_numpy(examples), reduced).numpy()
        mean, deviation = data.standard(examples, rows["train"], file["dataset"].get("categorical"))
        parts = {name: torch.from_numpy((examples[at] - mean) / deviation).to(self.device) for name, at in rows.items()}
        self.refuse_too_large()
        try:
            network = self.trained(parts, targets, rows)
        except OUT_OF_MEMORY:
            torch.cuda.empty_cache()
            # Once with half of the batch, from its own checkpoint if it has one.
            self.recipe["batchSize"] = max(1, self.recipe["batchSize"] // 2)
            self.history, self.seconds = [], 0.0
            network = self.trained(parts, targets, rows)
        if not self.file.get("proxy"):
            self.metrics["params"] = network.params()
        self.judge(targets, lambda part: answers(network, parts[part]), rows)
        self.leave(network, mean, deviation, targets)
        if not self.file.get("proxy"):
            self.metrics.update(latency(network, parts["validation"][:1]))
        if self.device.type == "cuda":
            self.metrics["gpuMemoryMiB"] = torch.cuda.max_memory_allocated() / 2**20
        log_to_mlflow(self)

    def leave(self, network, mean, deviation, targets):
        """The trained network where the operator has a place for it: its graph, its weights, how examples are standardised, and by
        what numbers come back into the data's units."""
        if not self.file["folders"].get("model"):
            return
        folder = Path(self.file["folders"]["model"])
        folder.mkdir(parents=True, exist_ok=True)
        model = {"graph": self.file["graph"], "network": network.state_dict(),
                 "mean": mean.ravel().tolist(), "deviation": deviation.ravel().tolist()}
        if targets.numbers:
            model.update(targetMean=targets.mean.tolist(), targetScale=targets.deviation.tolist())
        torch.save(model, folder / "model.part")
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

    def trained(self, parts, targets, rows):
        torch.manual_seed(self.file["seed"])
        network = Network(self.file["graph"])
        network.check(torch.zeros(2, *parts["train"].shape[1:]))
        network.to(self.device)
        self.train(network, parts["train"], *objective(targets, rows["train"], self.recipe, self.device),
                   lambda: targets.score(answers(network, parts["validation"]), rows["validation"]))
        return network

    def train(self, network, inputs, wanted, loss_of, validate):
        recipe, epochs, seed = self.recipe, self.file["epochs"], self.file["seed"]
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
        longest = recipe.get("gradientClipping")
        kept = {"network": network, "optimizer": optimizer, "schedule": schedule}
        begun = self.restore(lambda path: saved(path, self.device, kept))
        for epoch in range(begun + 1, epochs + 1):
            start = time.monotonic()
            network.train()
            # Batches, augmentation and dropout depend on seed and epoch alone: a resumed training goes on as it would have.
            order = np.random.default_rng([seed, epoch]).permutation(len(inputs))
            torch.manual_seed(seed * 1_000_003 + epoch)
            total = torch.zeros((), device=self.device)
            for at in np.array_split(order, math.ceil(len(order) / batch)):
                self.heed(epoch)
                rows = torch.from_numpy(at).to(self.device)
                batch_inputs, batch_wanted = augmented(inputs[rows], wanted[rows], recipe.get("augmentation") or [])
                loss = loss_of(network(batch_inputs), batch_wanted)
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
            seconds = time.monotonic() - start
            self.ended(epoch, seconds, train_loss, validate())
            self.save(lambda path, told: torch.save({**told, **{n: k.state_dict() for n, k in kept.items()}}, path))
        self.metrics["imagesPerSecond"] = len(inputs) * (epochs - begun) / self.seconds if epochs > begun else math.nan


def saved(path, device, kept):
    """What a checkpoint was told, and a function that takes over the rest."""
    archive = torch.load(path, map_location=device, weights_only=True)

    def take():
        for name, part in kept.items():
            part.load_state_dict(archive[name])

    return archive, take


def objective(targets, rows, recipe, device):
    """What a network has to say of these rows, and the mean loss of a batch."""
    if targets.numbers:
        return torch.from_numpy(targets.standard(rows)).float().to(device), F.mse_loss
    labels = torch.from_numpy(targets.of[rows]).to(device)
    wanted, weights = F.one_hot(labels, targets.outputs).float(), None
    if recipe.get("classWeights") == "balanced":
        weights = len(labels) / (targets.outputs * wanted.sum(dim=0))
    smoothing = recipe.get("labelSmoothing", 0.0)
    return wanted, lambda said, told: F.cross_entropy(said, told, weight=weights, label_smoothing=smoothing)


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
        case _:
            return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)


@torch.no_grad()
def answers(network, inputs):
    """What the network says of every example."""
    network.eval()
    return torch.cat([network(inputs[at:at + 1024]) for at in range(0, len(inputs), 1024)]).cpu().numpy()


@torch.no_grad()
def latency(network, example):
    """Single inferences after a warm-up, the wait for the GPU included."""
    network.eval()
    wait = torch.cuda.synchronize if example.is_cuda else lambda: None
    times = []
    for run in range(250):
        start = time.perf_counter()
        network(example)
        wait()
        times.append(1000 * (time.perf_counter() - start))
    return contract.costs_of(times[50:])


def log_to_mlflow(trial):
    """What the contract's result has no place for; the operator itself logs the result's metrics into the same run."""
    if not (os.environ.get("MLFLOW_TRACKING_URI") and os.environ.get("MLFLOW_RUN_ID")):
        return
    try:
        import mlflow

        with mlflow.start_run(run_id=os.environ["MLFLOW_RUN_ID"]):
            mlflow.set_tag("device", trial.environment()["device"])
            mlflow.log_text(str(torch.__config__.show()), "pytorch.txt")
    except Exception as error:  # tracking must not cost a trial
        print(f"MLflow was not told: {error}", file=sys.stderr)


if __name__ == "__main__":
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    sys.exit(contract.main(Trial, GraphError, OUT_OF_MEMORY))
