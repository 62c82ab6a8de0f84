from __future__ import annotations

from ..data.hdf5 import Hdf5Loader, Hdf5Source
from ..data.prefetch import Prefetcher
from .base import LAYERS, at_least
from .base_data import DataLayer


@LAYERS.register("HDF5Data")
class HDF5Data(DataLayer):
    """Rows of the HDF5 files that a list file names; a top takes the dataset of its name.

    Shapes: () -> (batch_size, the shape of a row) for each top.
    Formula: top[i] = the next rows of dataset i, as they are; batches go on from file to file. With shuffle, the files are in another
        order in each epoch, and the rows of each file.
    Caffe: src/caffe/layers/hdf5_data_layer.cpp.
    Differences: files are streamed, not held in memory, and may have more than 2 GB. The shuffled order is not Caffe's, and obeys
        random_seed.
    """

    type = "HDF5Data"
    tops = at_least(1)

    def open(self) -> Prefetcher:
        self.require(
            not self.message.HasField("transform_param"),
            "HDF5Data does not transform its data",
            field="transform_param",
            hint="Remove transform_param, and store the values as the net wants them",
        )
        param = self.message.hdf5_data_param
        path = self.written(param.source, "hdf5_data_param.source")
        batch_size = self.positive(param.batch_size, "hdf5_data_param.batch_size")
        source = Hdf5Source(path, self.message.top, shuffle=param.shuffle)
        return Prefetcher(source, Hdf5Loader(source), batch_size)
