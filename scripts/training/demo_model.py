"""Train the demonstration checkpoint from nothing; restartable. See docs/demo-model.md.

scripts/train_demo_model [--work FOLDER] [--steps N] [--out FILE]
"""

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed
from torch import nn
from torch.utils.data import DataLoader

from scripts.training import corpus
from scripts.training.batches import Batch
from scripts.training.curriculum import Curriculum
from scripts.training.learner import Learner, Losses
from scripts.training.sentences import HELD_OUT_TEXTS

PEAK_RATE = 2e-3
WARM_UP = 100  # steps
FLAT_START = 0.1  # share of the steps in which only the encoder learns
CLIP = 1.0
KEEP_EVERY = 100  # steps between checkpoints


@dataclass(frozen=True, slots=True)
class Plan:
    """One training run."""

    work: Path
    steps: int
    seed: int
    shards: int
    processes: int


def train(plan: Plan, rank: int = 0) -> Learner:
    """Train to the end of the plan, going on from the last checkpoint in `plan.work`.

    `plan.processes` processes of one thread each work on their own batches and average their
    gradients: on shared cores that is several times faster than one process of many threads,
    whose threads wait for each other at every operation.
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.distributed.init_process_group(
        "gloo",
        init_method=(plan.work / "rendezvous").as_uri(),
        rank=rank,
        world_size=plan.processes,
    )
    learner = Learner()
    optimizer = torch.optim.AdamW(
        _groups(learner), lr=PEAK_RATE, betas=(0.9, 0.98), eps=1e-8, fused=True
    )
    saved = plan.work / "training.pt"
    first = _resume(saved, learner, optimizer)
    feed = Curriculum(plan.work / "corpus", HELD_OUT_TEXTS, plan.seed, rank, first, plan.steps)
    begun = time.monotonic()
    # One worker composes the next windows while this process computes.
    loader = DataLoader(feed, batch_size=None, num_workers=1, prefetch_factor=6)
    for step, batch in enumerate(loader, start=first):
        done = step / plan.steps
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, plan.steps)
        losses = _update(learner, optimizer, batch, done)
        if step % 25 == 0 and rank == 0:
            _report(step, time.monotonic() - begun, batch, losses)
        if rank == 0 and ((step + 1) % KEEP_EVERY == 0 or step + 1 == plan.steps):
            _keep(saved, learner, optimizer, step + 1)
    return learner


def learning_rate(step: int, steps: int) -> float:
    """Linear warm-up, a plateau to 40 % of the steps, then linearly to 2 % of the peak."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    left = (steps - step) / (0.6 * steps)
    return PEAK_RATE * max(min(1.0, left), 0.02)


def total_loss(losses: Losses, done: float) -> torch.Tensor:
    """The helping losses stay strong: both what is heard and where are learnt to the end."""
    return (
        losses.text
        + 0.25 * losses.timestamps
        + (1.2 if done < 0.3 else 0.8) * (losses.characters + 0.4 * losses.syllables)
        + 0.5 * losses.tones
        + 0.2 * losses.pitch
        + 0.6 * losses.guide
    )


def _update(
    learner: Learner, optimizer: torch.optim.Optimizer, batch: Batch, done: float
) -> Losses:
    losses: Losses = learner(batch, done < FLAT_START)
    optimizer.zero_grad(set_to_none=True)
    total_loss(losses, done).backward()
    _average_gradients(learner)
    norm = nn.utils.clip_grad_norm_(learner.parameters(), CLIP)
    if torch.isfinite(norm):
        optimizer.step()
    return losses


def _average_gradients(learner: Learner) -> None:
    """The mean over the processes, as one flat vector."""
    gradients = [
        torch.zeros_like(value) if value.grad is None else value.grad
        for value in learner.parameters()
    ]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    parts = flat.split([gradient.numel() for gradient in gradients])
    for value, part in zip(learner.parameters(), parts, strict=True):
        value.grad = part.view_as(value)


def _groups(learner: Learner) -> list[dict[str, object]]:
    """Matrices decay, vectors and embeddings do not."""
    matrices = [
        value
        for name, value in learner.named_parameters()
        if value.ndim >= 2 and "embedding" not in name
    ]
    chosen = {id(value) for value in matrices}
    others = [value for value in learner.parameters() if id(value) not in chosen]
    return [{"params": matrices, "weight_decay": 0.03}, {"params": others, "weight_decay": 0.0}]


def _report(step: int, seconds: float, batch: Batch, losses: Losses) -> None:
    parts = " ".join(
        f"{name} {getattr(losses, name).item():.3f}"
        for name in ("text", "timestamps", "characters", "syllables", "tones", "pitch", "guide")
    )
    print(f"{step} {seconds:.0f}s {tuple(batch.mel.shape)} {parts}", flush=True)


def _keep(path: Path, learner: Learner, optimizer: torch.optim.Optimizer, step: int) -> None:
    draft = path.with_suffix(".part")
    torch.save(
        {"learner": learner.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, draft
    )
    draft.rename(path)


def _resume(path: Path, learner: Learner, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    kept = torch.load(path, map_location="cpu", weights_only=True)
    learner.load_state_dict(kept["learner"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["step"])


def train_together(plan: Plan) -> Learner:
    """Rank 0 trains here, the others in processes of their own."""
    (plan.work / "rendezvous").unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_follow, args=(plan, rank)) for rank in range(1, plan.processes)
    ]
    for process in others:
        process.start()
    try:
        return train(plan)
    finally:
        for process in others:
            process.join(30)
            process.terminate()


def _follow(plan: Plan, rank: int) -> None:
    train(plan, rank)


def main() -> None:
    """The command behind scripts/train_demo_model."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=root / ".cache" / "demo-model")
    parser.add_argument("--out", type=Path, default=root / "pipeline/models/whisper-demo-zh.pt")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-corpus", action="store_true", help="train on the shards there are")
    given = parser.parse_args()
    plan = Plan(given.work.resolve(), given.steps, given.seed, given.shards, given.processes)
    if not given.no_corpus:
        corpus.make(plan.work / "corpus", plan.shards, plan.processes)
    train_together(plan).export(given.out)
    print(f"{given.out}: {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
