# Trains a 784-128-10 network on handwritten digits with PyTorch, each digit shifted at random each time it is seen. The state after
# each epoch lies in the working folder, which is kept as a checkpoint; a job that goes on from one finds it there again.
import json, os, sys
import numpy as np
import torch
from torch import nn

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
epochs, batch, views = int(sys.argv[1]), 64, int(sys.argv[2])
inputs, outputs = os.environ["NUNET_INPUTS"], os.environ["NUNET_OUTPUTS"]
x = torch.from_numpy(np.load(f"{inputs}/x.npy")).float().div(255).view(-1, 28, 28)
y = torch.from_numpy(np.load(f"{inputs}/y.npy")).long()

torch.manual_seed(1)
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
first = 0
if os.path.exists("state.pt"):
    state = torch.load("state.pt")
    first = state["epoch"]
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    print(f"goes on after epoch {first}", flush=True)


def shifted(images):
    down, right = (int(offset) for offset in torch.randint(-1, 2, (2,)))
    return torch.roll(images, (down, right), (1, 2))


steps = len(x) // batch * views
for epoch in range(first + 1, epochs + 1):
    torch.manual_seed(epoch)
    order = torch.cat([torch.randperm(len(x)) for _ in range(views)])
    total, hits, seen = 0.0, 0, 0
    for step in range(steps):
        rows = order[step * batch : (step + 1) * batch]
        logits = model(shifted(x[rows]).reshape(len(rows), 784))
        loss = nn.functional.cross_entropy(logits, y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss) * len(rows)
        hits += int((logits.argmax(1) == y[rows]).sum())
        seen += len(rows)
        if (step + 1) % (steps // 6) == 0 and step + 1 < steps:
            print(json.dumps({"epoch": epoch, "epochs": epochs, "step": step + 1, "steps": steps, "loss": total / seen, "accuracy": hits / seen}), flush=True)
    print(json.dumps({"epoch": epoch, "epochs": epochs, "step": steps, "steps": steps, "loss": total / seen, "accuracy": hits / seen}), flush=True)
    # Whole or not at all: a checkpoint may be taken at any moment.
    torch.save({"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, "state.new")
    os.replace("state.new", "state.pt")

layers = [model[0], model[2]]
for number, layer in enumerate(layers, 1):
    np.save(f"{outputs}/w{number}.npy", np.ascontiguousarray(layer.weight.detach().numpy().T, dtype=np.float32))
    np.save(f"{outputs}/b{number}.npy", layer.bias.detach().numpy().astype(np.float32))
print(f"done after {epochs} epochs", flush=True)
