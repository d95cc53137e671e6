# Trains a 784-128-10 network on handwritten digits with scikit-learn, a pass at a time. What is in the working folder outlives the
# machine: it is kept as a checkpoint, and a job that goes on from one finds it there again.
import json, os, pickle, sys, warnings
import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore")
epochs, batch = int(sys.argv[1]), 64
inputs, outputs = os.environ["NUNET_INPUTS"], os.environ["NUNET_OUTPUTS"]
x = np.load(f"{inputs}/x.npy").astype(np.float32) / 255
y = np.load(f"{inputs}/y.npy")

if os.path.exists("state.pickle"):
    with open("state.pickle", "rb") as file:
        first, model = pickle.load(file)
    print(f"goes on after epoch {first}", flush=True)
else:
    first, model = 0, MLPClassifier((128,), learning_rate_init=0.002, random_state=1)

steps = len(x) // batch
for epoch in range(first + 1, epochs + 1):
    order = np.random.default_rng(epoch).permutation(len(x))
    losses = []
    for step in range(steps):
        rows = order[step * batch : (step + 1) * batch]
        model.partial_fit(x[rows], y[rows], classes=np.arange(10))
        losses.append(model.loss_)
        if (step + 1) % 35 == 0:
            print(json.dumps({"epoch": epoch, "epochs": epochs, "step": step + 1, "steps": steps, "loss": float(np.mean(losses))}), flush=True)
    accuracy = float((model.predict(x[:2000]) == y[:2000]).mean())
    print(json.dumps({"epoch": epoch, "epochs": epochs, "step": steps, "steps": steps, "loss": float(np.mean(losses)), "accuracy": accuracy}), flush=True)
    # Whole or not at all: a checkpoint may be taken at any moment.
    with open("state.new", "wb") as file:
        pickle.dump((epoch, model), file)
    os.replace("state.new", "state.pickle")

for name, values in zip(("w1", "w2", "b1", "b2"), (*model.coefs_, *model.intercepts_)):
    np.save(f"{outputs}/{name}.npy", np.ascontiguousarray(values, dtype=np.float32))
print(f"done after {epochs} epochs", flush=True)
