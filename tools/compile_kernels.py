"""Compile every kernel with NVRTC for every generation of GPUs, and fail where one does not compile, or spills registers.

No GPU and no driver is needed, but NVIDIA's compiler: pip install nvidia-cuda-nvrtc. usage: python tools/compile_kernels.py
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
import sys
from pathlib import Path

from netproto.ops import gpu_kernels

GENERATIONS = (75, 80, 86, 89, 90, 100, 120)
MOST_REGISTERS = 64


def library() -> ctypes.CDLL:
    """NVRTC of the installed package."""
    spec = importlib.util.find_spec("nvidia")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [path for place in places for path in Path(place).rglob("libnvrtc.so.*")]
    if not found:
        sys.exit("no libnvrtc: pip install nvidia-cuda-nvrtc")
    return ctypes.CDLL(str(found[0]))


def compiled(nvrtc: ctypes.CDLL, family: str, generation: int) -> str:
    """The compiler's log. Raises RuntimeError with it where the source does not compile."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), gpu_kernels.source(family).encode(), f"{family}.cu".encode(), 0, None, None)
    options = [*gpu_kernels.OPTIONS, f"--gpu-architecture=sm_{generation}", "--ptxas-options=-v"]
    result = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*(o.encode() for o in options)))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    if result:
        raise RuntimeError(log.value.decode())
    return log.value.decode()


def main() -> int:
    nvrtc = library()
    wrong, kernels, most = [], 0, 0
    for family in gpu_kernels.families():
        for generation in GENERATIONS:
            try:
                log = compiled(nvrtc, family, generation)
            except RuntimeError as error:
                wrong.append(f"{family}.cu, sm_{generation}: {error}")
                continue
            registers = [int(number) for number in re.findall(r"Used (\d+) registers", log)]
            spills = [int(number) for number in re.findall(r"(\d+) bytes spill", log)]
            declared = [d for d in gpu_kernels.declarations().values() if d.family == family]
            if any(spills) or len(registers) != len(declared) or max(registers) > MOST_REGISTERS:
                wrong.append(f"{family}.cu, sm_{generation}: {len(declared)} kernels, registers {registers}, bytes spilled {spills}")
            kernels, most = kernels + len(registers), max(most, *registers)
    for line in wrong:
        print(line)
    count = len(gpu_kernels.declarations())
    print(f"{count} kernels for {len(GENERATIONS)} generations: {kernels} compiled, at most {most} registers, {len(wrong)} problems")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
