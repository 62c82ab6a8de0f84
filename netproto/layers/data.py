from __future__ import annotations

from ..data import database
from ..data.prefetch import Prefetcher
from ..schema import messages
from .base import LAYERS, Arity
from .base_data import DataLayer

DEPTH = 2


@LAYERS.register("Data")
class Data(DataLayer):
    """Images and labels of an LMDB or LevelDB, in the order of their keys, over and over.

    Shapes: () -> (batch_size, channels, height, width), as the first image of the batch is, or of crop_size; and (batch_size,) for a label.
    Formula: top[0] = (pixel - mean) * scale in the window of crop_size, mirrored or not; top[1] = label. Forks: with `shuffle` the order of
        an LMDB's records is drawn anew for each epoch.
    Caffe: src/caffe/layers/data_layer.cpp, src/caffe/data_transformer.cpp.
    Differences: the random numbers are not Caffe's. A run that resumes goes on where it stood in the database. rand_skip is not read, as in
        Caffe's HEAD.
    """

    type = "Data"
    tops = Arity(1, 2)

    def open(self) -> Prefetcher:
        param = self.message.data_param
        path = self.written(param.source, "data_param.source")
        batch_size = self.positive(param.batch_size, "data_param.batch_size")
        loader = database.DatumLoader(self.transform(), labels=len(self.message.top) > 1)
        source = database.open_source(path, messages.enum_name(param, "backend"), shuffle=param.shuffle)
        depth = self.positive(param.prefetch, "data_param.prefetch") if param.HasField("prefetch") else DEPTH
        return Prefetcher(source, loader, batch_size, depth=depth)
