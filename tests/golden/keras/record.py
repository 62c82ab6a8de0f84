"""Record what Keras says: `KERAS_BACKEND=jax python -m tests.golden.keras.record`. Needs keras, jax and h5py; README.md has the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.golden.keras.made_up import layer, made_up

HERE = Path(__file__).parent


def alexnet(shape: tuple[int, int, int], filters: tuple[int, ...], dense: tuple[int, int], classes: int, *, named: bool) -> Any:
    """AlexNet without normalisation; named: layers are called as in the prototxt, else as Keras calls them."""
    layers, model = keras.layers, keras.Sequential()
    model.add(keras.Input(shape))
    windows = [(11, 4, "valid"), (5, 1, "same"), (3, 1, "same"), (3, 1, "same"), (3, 1, "same")]
    for i, (count, (kernel, stride, padding)) in enumerate(zip(filters, windows, strict=True), 1):
        name = {"name": f"conv{i}"} if named else {}
        model.add(layers.Conv2D(count, kernel, strides=stride, padding=padding, activation="relu", **name))
        if i in (1, 2, 5):
            model.add(layers.MaxPooling2D(3, strides=2))
    model.add(layers.Flatten())
    for i, count in enumerate(dense, 6):
        model.add(layers.Dense(count, activation="relu", **({"name": f"fc{i}"} if named else {})))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(classes, activation="softmax", **({"name": "fc8"} if named else {})))
    return model


def fill(model: Any) -> None:
    for made in model.layers:
        if made.weights:
            made.set_weights(layer(tuple(made.weights[0].shape)))


def main() -> None:
    small = ((99, 131, 3), (5, 6, 7, 6, 4), (9, 8), 5)
    for named in (False, True):
        keras.backend.clear_session()
        model = alexnet(*small, named=named)
        fill(model)
        stem = "named" if named else "unnamed"
        model.save_weights(HERE / f"{stem}.weights.h5")
        model.save(HERE / f"{stem}.h5")
    pictures = (made_up((2, *small[0]), 0.5) + 0.5).astype(np.float32)
    full = alexnet((277, 277, 3), (96, 256, 384, 384, 256), (4096, 4096), 100, named=True)
    fill(full)
    picture = (made_up((1, 277, 277, 3), 0.5) + 0.5).astype(np.float32)
    np.savez(HERE / "outputs.npz", small=model.predict(pictures, verbose=0), full=full.predict(picture, verbose=0))


if __name__ == "__main__":
    main()
