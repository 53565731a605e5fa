"""From a network in PyTorch to the head that a device goes on with, on real data: the 8x8 digits of scikit-learn.

Run it with `python digits.py`, or cell by cell in an editor that knows `# %%`. It prints the Rust and the C to paste, and writes both, the
settings and the checkpoints, into the folder that is its argument, or into a temporary one.
"""

# %% The data: 1,797 images of 64 pixels. The last 600 are for the device, whose user writes a pixel further to the right.
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import gradient_decay as gd
from gradient_decay.torch import GradientDecayLoss, consistent_probabilities

pixels, digits = load_digits(return_X_y=True)
images = (pixels / 16).astype(np.float32).reshape(-1, 8, 8)
train, user = slice(0, 1197), slice(1197, None)
images[user] = np.pad(images[user], ((0, 0), (0, 0), (1, 0)))[:, :, :8]
x, y = torch.tensor(images.reshape(-1, 64)), torch.tensor(digits)

# %% A small network: what makes features stays frozen on the device, the head goes on learning there.
torch.manual_seed(0)
extractor, head = nn.Sequential(nn.Linear(64, 32), nn.ReLU()), nn.Linear(32, 10)
network = nn.Sequential(extractor, head)

# %% Trained by the gradient-decay loss, beta rising from 0.1 to 1: nothing else differs from cross-entropy.
epochs, batch = 30, 32
criterion = GradientDecayLoss(schedule=gd.BetaSchedule.geometric(0.1, 1.0, steps=10 * 1197 // batch))
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
for _ in range(epochs):
    for some in torch.randperm(1197).split(batch):
        optimizer.zero_grad()
        criterion(network(x[some]), y[some]).backward()
        optimizer.step()
        criterion.step()

with torch.no_grad():
    features, logits = extractor(x).numpy(), network(x)
accuracy = (logits.argmax(1) == y).float().numpy()
confidence = consistent_probabilities(logits[user], criterion.beta).amax(1).mean().item()
print(f"The network: {100 * accuracy[train].mean():.1f} % of its training set, {100 * accuracy[user].mean():.1f} % of the user's digits,")
print(f"of which it is sure to {100 * confidence:.1f} %.")

# %% The head as the device has it: the network's decisions, until a user labels some.
device = gd.HeadClassifier(learning_rate=0.02).partial_fit(features[:1], digits[:1], classes=range(10))
device.restore(gd.export(head).checkpoint)
agreement = (device.predict(features) == logits.argmax(1).numpy()).mean()
print(f"The head of the device answers as the network does: {100 * agreement:.1f} %.")

# %% The discriminant of the device learns the most from few labels. It starts from what the training set says, its prior.
prior = gd.export_prior(features[train], digits[train], standardize=False, made_of="the features of the digits")
learner = gd.DiscriminantClassifier().partial_fit(features[:1], digits[:1], classes=range(10)).restore(prior.checkpoint)
tested = slice(1497, None)
print("Of the user's other digits, after so many labels: the discriminant, the trained head by SGD")
for labels in (0, 50, 100, 300):
    some = slice(1197 + learner.head_.labels, 1197 + labels)
    if labels:
        learner.partial_fit(features[some], digits[some])
        device.partial_fit(features[some], digits[some])
    scores = [100 * it.score(features[tested], digits[tested]) for it in (learner, device)]
    print(f"{labels:4}: {scores[0]:.1f} %, {scores[1]:.1f} %")

# %% Which learner and which settings? Chosen on a quarter of the user's digits, told for the rest, on the device of a Cortex-M4F with 16 kB to spare.
# In C it may be another, where the C library does not have the learner.
told = {"base": (features[train], digits[train]), "head": head, "name": "the digits", "progress": sys.stderr.isatty()}
tuned = gd.tune(features[user], digits[user], ram=16_000, target="m4f", orders=6, **told)
in_c = gd.tune(features[user], digits[user], ram=16_000, target="m4f", orders=6, c=True, **told)
print(f"\nIn Rust, {tuned}\n\nIn C, {in_c}")

# %% What the firmware includes.
folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
exported = gd.export(head, made_of="the digits' network")
for name in ("head.bin", "head.ckpt", "head.rs", "head.h"):
    exported.save(folder / name)
for name in ("prior.ckpt", "prior.rs", "prior.h"):
    prior.save(folder / name)
for name, text in (("tuned.rs", tuned.rust), ("tuned.h", in_c.c), ("tuned.toml", tuned.toml)):
    (folder / name).write_text(text)
print(f"\n--- Rust: {folder / 'tuned.rs'}\n{tuned.rust}\n--- {folder / 'head.rs'}\n{exported.rust}")
print(f"--- C: {folder / 'tuned.h'}\n{in_c.c}\n--- {folder / 'head.h'}\n{exported.c}")
