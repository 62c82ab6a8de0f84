"""Keeps a net in OpenCV's dnn and runs it on demand (serve.py): `worker_opencv.py FOLDER`. Needs OpenCV 4 alone; reads Caffe's files."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from serve import serve


def main() -> None:
    folder = Path(sys.argv[1])
    net = cv2.dnn.readNetFromCaffe(str(folder / "net.prototxt"), str(folder / "net.caffemodel"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    picture = np.load(folder / "input.npy")

    def iterate() -> np.ndarray:
        net.setInput(picture)
        return net.forward()

    serve(iterate, version=cv2.__version__, output=float(np.abs(iterate()).mean()))


if __name__ == "__main__":
    main()
