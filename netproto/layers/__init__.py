"""Every layer type: one file, one import line."""

from .abs_val import AbsVal as AbsVal
from .accuracy import Accuracy as Accuracy
from .arg_max import ArgMax as ArgMax
from .base import LAYERS
from .batch_norm import BatchNorm as BatchNorm
from .batch_reindex import BatchReindex as BatchReindex
from .bias import Bias as Bias
from .bnll import BNLL as BNLL
from .clip import Clip as Clip
from .concat import Concat as Concat
from .contrastive_loss import ContrastiveLoss as ContrastiveLoss
from .convolution import Convolution as Convolution
from .crop import Crop as Crop
from .deconvolution import Deconvolution as Deconvolution
from .dropout import Dropout as Dropout
from .dummy_data import DummyData as DummyData
from .eltwise import Eltwise as Eltwise
from .elu import ELU as ELU
from .embed import Embed as Embed
from .euclidean_loss import EuclideanLoss as EuclideanLoss
from .exp import Exp as Exp
from .filter import Filter as Filter
from .flatten import Flatten as Flatten
from .hinge_loss import HingeLoss as HingeLoss
from .im2col import Im2col as Im2col
from .infogain_loss import InfogainLoss as InfogainLoss
from .inner_product import InnerProduct as InnerProduct
from .input import Input as Input
from .log import Log as Log
from .lrn import LRN as LRN
from .multinomial_logistic_loss import MultinomialLogisticLoss as MultinomialLogisticLoss
from .mvn import MVN as MVN
from .parameter import Parameter as Parameter
from .pooling import Pooling as Pooling
from .power import Power as Power
from .prelu import PReLU as PReLU
from .reduction import Reduction as Reduction
from .relu import ReLU as ReLU
from .reshape import Reshape as Reshape
from .scale import Scale as Scale
from .sigmoid import Sigmoid as Sigmoid
from .sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss as SigmoidCrossEntropyLoss
from .silence import Silence as Silence
from .slice import Slice as Slice
from .softmax import Softmax as Softmax
from .softmax_with_loss import SoftmaxWithLoss as SoftmaxWithLoss
from .split import Split as Split
from .spp import SPP as SPP
from .swish import Swish as Swish
from .tanh import TanH as TanH
from .threshold import Threshold as Threshold
from .tile import Tile as Tile

__all__ = ["LAYERS"]
