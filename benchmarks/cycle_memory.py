"""Peak memory and time of CycleGAN's iteration, part by part as the game plays it and with all graphs at once.

    python benchmarks/cycle_memory.py [image_size ...]

Each run is a process of its own; what is counted is how far its resident memory rises above that before the first
iteration (Linux). The two take turns.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

ROUNDS, WARM_UP = 4, 1


def resident(what: str) -> float:
    """Mebibytes of this process: VmHWM the highest so far, VmRSS now."""
    return int(re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def play(image_size: int, at_once: bool) -> None:
    import torch
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate
    from lightning import Trainer
    from lightning.pytorch.callbacks import Callback
    from torch.utils.data import DataLoader

    from gan_lightning.config import resolvers
    from gan_lightning.types import Pair

    class Clock(Callback):
        def on_train_start(self, trainer, pl_module):
            self.before = resident("VmRSS")

        def on_train_batch_start(self, trainer, *_):
            if trainer.global_step == WARM_UP:
                self.since = time.perf_counter()

        def on_train_end(self, *_):
            self.seconds = (time.perf_counter() - self.since) / (ROUNDS - WARM_UP)

    resolvers.register()
    with initialize_config_dir(str(Path(__file__).resolve().parent.parent / "conf"), version_base="1.3"):
        overrides = [f"data.image_size={image_size}", "run_dir=unused", "model.generator.blocks=9", "schedule=constant"]
        model = instantiate(compose("config", ["experiment=paper/cyclegan_horse2zebra", *overrides]).model)
    if at_once:
        in_parts = model.generator_terms

        def merged(batch, fake):
            yield {name: term for terms in list(in_parts(batch, fake)) for name, term in terms.items()}

        model.generator_terms = merged
    clock = Clock()
    trainer = Trainer(
        accelerator="cpu", max_steps=ROUNDS, max_epochs=-1, logger=False, enable_checkpointing=False, callbacks=[clock],
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    batches = [Pair(*(torch.rand(2, 1, 3, image_size, image_size) * 2 - 1)) for _ in range(ROUNDS)]
    trainer.fit(model, DataLoader(batches, batch_size=None))
    print(f"measured {resident('VmHWM') - clock.before:.0f} {clock.seconds:.2f}")


def main(sizes: list[int]) -> None:
    print("| pixels | all at once | part by part | memory | time |\n|---|---|---|---|---|")
    for size in sizes:
        found = []
        for way in ("at_once", "in_parts"):
            shown = subprocess.run(
                [sys.executable, __file__, str(size), way], capture_output=True, text=True, check=True
            )
            memory, seconds = re.search(r"measured (\d+) ([\d.]+)", shown.stdout).groups()
            found.append((int(memory), float(seconds)))
        (whole, slow), (parts, quick) = found
        print(
            f"| {size} | {whole:,} MiB, {slow:.1f} s | {parts:,} MiB, {quick:.1f} s | {parts / whole:.2f} | {quick / slow:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[-1] in ("at_once", "in_parts"):
        play(int(sys.argv[1]), sys.argv[2] == "at_once")
    else:
        main([int(word) for word in sys.argv[1:]] or [128, 256])
