"""Every layer type: one file, one import line."""

from .accuracy import Accuracy as Accuracy
from .base import LAYERS
from .concat import Concat as Concat
from .contrastive_loss import ContrastiveLoss as ContrastiveLoss
from .dropout import Dropout as Dropout
from .euclidean_loss import EuclideanLoss as EuclideanLoss
from .flatten import Flatten as Flatten
from .hinge_loss import HingeLoss as HingeLoss
from .infogain_loss import InfogainLoss as InfogainLoss
from .input import Input as Input
from .multinomial_logistic_loss import MultinomialLogisticLoss as MultinomialLogisticLoss
from .relu import ReLU as ReLU
from .reshape import Reshape as Reshape
from .sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss as SigmoidCrossEntropyLoss
from .silence import Silence as Silence
from .softmax import Softmax as Softmax
from .softmax_with_loss import SoftmaxWithLoss as SoftmaxWithLoss
from .split import Split as Split

__all__ = ["LAYERS"]
