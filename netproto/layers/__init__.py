"""Every layer type: one file, one import line."""

from .accuracy import Accuracy as Accuracy
from .base import LAYERS
from .concat import Concat as Concat
from .dropout import Dropout as Dropout
from .flatten import Flatten as Flatten
from .input import Input as Input
from .relu import ReLU as ReLU
from .reshape import Reshape as Reshape
from .silence import Silence as Silence
from .softmax import Softmax as Softmax
from .softmax_with_loss import SoftmaxWithLoss as SoftmaxWithLoss
from .split import Split as Split

__all__ = ["LAYERS"]
