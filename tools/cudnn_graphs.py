"""Let cuDNN plan every convolution of the example nets for an H100 that is not there, print what it plans, and fail where it has no plan.

No GPU and no driver is needed, but cuDNN (2.5 GB on the disk) and a C compiler: pip install nvidia-cudnn-frontend nvidia-cudnn-cu13
nvidia-cublas. What a plan is worth only a GPU can say. usage: python tools/cudnn_graphs.py [--batch N] [--tf32]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netproto.layers import same_padding
from netproto.layers.base import TEST
from netproto.layers.convolution import Convolution as ConvolutionLayer
from netproto.layers.sided_padding import Sides
from netproto.net import graph
from netproto.ops.geometry import Axes, ConvGeometry
from netproto.ops.gpu_cudnn import DATA, FORWARD, WEIGHTS, Plan, Work, build, work_of
from netproto.schema import upgrade

EXAMPLES = Path(__file__).parents[1] / "examples"
GENERATION = 90
H100 = {
    "deviceName": "NVIDIA H100 80GB HBM3",
    "deviceVer": 10 * GENERATION,
    "driverVer": 13000,
    "driverVersion": 13000,
    "cudaDeviceId": 0,
    "pciDeviceId": 0,
    "isTccDriver": 0,
    "supportCoopLaunch": 1,
    "multiProcessorCount": 132,
    "smCountOrigin": 0,
    "smClockRateKHz": 1980000,
    "memClockRateKHz": 2619000,
    "memoryBusWidth": 5120,
    "totalGlobalMem": 80 << 30,
    "l2CacheSize": 50 << 20,
    "warpSize": 32,
    "maxGridSize": [2**31 - 1, 65535, 65535],
    "maxBlockSize": [1024, 1024, 64],
    "maxThreadsPerBlock": 1024,
    "maxThreadsPerSM": 2048,
    "maxCtasPerSM": 32,
    "regsPerBlock": 65536,
    "maxRegistersPerSM": 65536,
    "maxSharedMemoryPerBlock": 48 << 10,
    "maxSharedMemoryPerBlockOptin": 227 << 10,
    "oversizedSharedMemoryPerBlock": 0,
    "reservedSharedMemoryPerBlock": 1 << 10,
}
"""What cuDNN asks a device, answered from NVIDIA's published numbers."""

CALLS = """
    cuCtxGetCurrent cuCtxGetLimit cuCtxPopCurrent cuCtxPushCurrent cuDeviceGet cuDeviceGetCount cuDriverGetVersion cuGetErrorName
    cuGetErrorString cuKernelGetAttribute cuKernelGetFunction cuKernelSetAttribute cuLaunchCooperativeKernel cuLaunchKernel
    cuLaunchKernelEx cuLibraryGetKernel cuLibraryLoadData cuLibraryLoadFromFile cuLibraryUnload cuLinkAddData cuLinkComplete
    cuLinkCreate cuLinkDestroy cuModuleGetFunction cuModuleLoadData cuModuleUnload cuOccupancyMaxPotentialClusterSize cuStreamGetCtx
    cuTensorMapEncodeIm2col cuTensorMapEncodeTiled
"""
DRIVER = "".join(f"int {name}(void) {{ return 100; }}\n" for name in CALLS.split())
"""A driver that answers CUDA_ERROR_NO_DEVICE, so that cuDNN can be loaded where there is none."""


@dataclass(frozen=True)
class Convolution:
    """Where a convolution stands, and the passes that it takes."""

    net: str
    layer: str
    x: Axes
    w: Axes
    geo: ConvGeometry
    passes: tuple[Work, ...]


def convolutions(path: Path, batch: int) -> Iterator[Convolution]:
    """Those of a net whose inputs have shapes, with `batch` images."""
    net = upgrade.load_net(str(path))
    for layer in net.layer:
        for shape in layer.input_param.shape:
            shape.dim[0] = batch
    built = graph.build(graph.prepare(net, TEST), TEST)
    for node in built.nodes:
        if isinstance(node.layer, ConvolutionLayer):
            bottom, top = built.shapes[node.bottoms[0]], built.shapes[node.tops[0]]
            yield _convolution(str(path.relative_to(EXAMPLES)), node.layer, bottom, top)


def _convolution(net: str, layer: Any, bottom: Axes, top: Axes) -> Convolution:
    w, geo, x = layer.weight_shape(), layer.geometry, bottom
    sides = Sides(*same_padding.padding(x[2:], geo.extent, geo.stride)) if layer.pads_to_same else layer.sides
    if sides:
        x, geo = (*x[:2], *sides.widened(x[2:])), replace(geo, pad=sides.common)
    bias = {"bias": (w[0],)} if layer.message.convolution_param.bias_term else {}
    passes = (
        work_of(FORWARD, geo, top, {"x": x, "w": w, **bias}),
        work_of(DATA, geo, x, {"dy": top, "w": w}),
        work_of(WEIGHTS, geo, w, {"x": x, "dy": top}),
    )
    return Convolution(net, layer.name, x, w, geo, passes)


def driver() -> None:
    """Load the driver, or what stands in for one."""
    try:
        ctypes.CDLL("libcuda.so.1", ctypes.RTLD_GLOBAL)
    except OSError:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "libcuda.so.1"
            command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{library.name}", "-x", "c", "-", "-o", str(library)]
            subprocess.run(command, input=DRIVER, text=True, check=True)
            ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--tf32", action="store_true")
    args = parser.parse_args()
    driver()
    import cudnn

    device = cudnn.create_device_properties(json.dumps(H100))
    plans: dict[Work, Plan | str] = {}
    nets = set()
    start = time.perf_counter()
    for path in sorted(EXAMPLES.rglob("*deploy.prototxt")):
        for convolution in convolutions(path, args.batch):
            nets.add(convolution.net)
            for work in convolution.passes:
                if work not in plans:
                    plans[work] = planned(cudnn, work, args.tf32, device)
                print(row(convolution, work, plans[work]))
    print(summary(nets, plans, time.perf_counter() - start))
    print(f"cuDNN {cudnn.backend_version_string()}, frontend {cudnn.__version__}")
    return int(any(isinstance(plan, str) for plan in plans.values()))


def planned(cudnn: Any, work: Work, tf32: bool, device: Any) -> Plan | str:
    """The plan, or what cuDNN says."""
    try:
        return build(cudnn, work, tf32=tf32, device_property=device, sm_version=GENERATION)
    except (cudnn.cudnnGraphNotSupportedError, RuntimeError, ValueError) as error:
        return " ".join(str(error).split())


def row(convolution: Convolution, work: Work, plan: Plan | str) -> str:
    geo = convolution.geo
    where = f"{convolution.net.removesuffix('/deploy.prototxt'):28} {convolution.layer:24} {work.kind:24}"
    window = f"{_by(convolution.x):16} {_by(convolution.w):14} s{geo.stride[0]} p{geo.pad[0]} d{geo.dilation[0]} g{geo.group}"
    result = plan if isinstance(plan, str) else f"{plan.graph.get_execution_plan_count():3} plans {plan.workspace:10} bytes"
    return f"{where} {window:44} {result}"


def summary(nets: set[str], plans: dict[Work, Plan | str], seconds: float) -> str:
    built = [plan for plan in plans.values() if isinstance(plan, Plan)]
    choices = [plan.graph.get_execution_plan_count() for plan in built]
    largest = max(plan.workspace for plan in built)
    graphs = f"{len(nets)} nets: {len(plans)} different graphs, {len(built)} planned in {seconds:.0f} s"
    return f"{graphs}, {min(choices)} to {max(choices)} plans each, largest workspace {largest / 2**20:.1f} MiB"


def _by(shape: Axes) -> str:
    return "x".join(map(str, shape))


if __name__ == "__main__":
    sys.exit(main())
