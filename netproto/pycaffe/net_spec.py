"""Nets written in Python: `n = NetSpec(); n.conv1 = L.Convolution(n.data, num_output=20, kernel_size=5); n.to_proto()`.

Caffe: python/caffe/net_spec.py. `layers` (L) makes layers of any type, `params` (P) knows the values of enum fields.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..errors import did_you_mean
from ..schema import messages
from .assign import assign, has_field

BORROWED = {"Deconvolution": "convolution_param", "Im2col": "convolution_param", "LSTM": "recurrent_param", "RNN": "recurrent_param"}
"""Types whose settings are in a message that is not called after them."""


class Top:
    """The n-th output of a layer, to be an input of others."""

    def __init__(self, fn: Function, n: int):
        self.fn = fn
        self.n = n

    def to_proto(self) -> Any:
        """A NetParameter of all layers that this output needs, with automatic names."""
        return to_proto(self)


class Function:
    """A layer: its type, the Tops that it reads, its settings. params may hold ntop, the number of outputs, and in_place."""

    def __init__(self, type_name: str, inputs: tuple[Top, ...], params: dict[str, Any]):
        for index, top in enumerate(inputs):
            if not isinstance(top, Top):
                raise TypeError(f"{type_name} input {index} is not a Top (type is {type(top)})")
        self.type_name = type_name
        self.inputs = inputs
        self.params = dict(params)
        self.ntop: int = self.params.pop("ntop", 1)
        self.in_place: bool = self.params.pop("in_place", False)
        self.tops = tuple(Top(self, n) for n in range(self.ntop))

    def to_proto(self) -> Any:
        """A NetParameter of all layers that this one needs, with automatic names."""
        return to_proto(self)


class NetSpec:
    """Layers by name: what is assigned to an attribute, or to an item, gets its name."""

    tops: OrderedDict[str, Top | Function]

    def __init__(self) -> None:
        object.__setattr__(self, "tops", OrderedDict())

    def __setattr__(self, name: str, value: Top | Function) -> None:
        if not isinstance(value, (Top, Function)):
            hint = "; a layer with several outputs wants as many names" if isinstance(value, tuple) else ""
            raise TypeError(f"{name} is not a Top (type is {type(value)}){hint}")
        self.tops[name] = value

    def __getattr__(self, name: str) -> Any:
        if name not in self.tops:
            raise AttributeError(f"the NetSpec has no {name!r}. {did_you_mean(name, self.tops)}".rstrip())
        return self.tops[name]

    def __setitem__(self, name: str, value: Top | Function) -> None:
        setattr(self, name, value)

    def __getitem__(self, name: str) -> Any:
        if name not in self.tops:
            raise KeyError(f"the NetSpec has no {name!r}. {did_you_mean(name, self.tops)}".rstrip())
        return self.tops[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tops]

    def to_proto(self) -> Any:
        """A NetParameter of all layers that were assigned, and those that they need."""
        return _Writer({thing: name for name, thing in self.tops.items()}).write(self.tops.values())

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self.to_proto()))}</pre>"


def to_proto(*tops: Top | Function) -> Any:
    """A NetParameter of all layers that these need, with automatic names."""
    return _Writer({}).write(tops)


class _Writer:
    """Layers in the order in which they run, each once. names: of those Tops and Functions that have one."""

    def __init__(self, names: Mapping[Top | Function, str]):
        self.names = dict(names)
        self.automatic: Counter[str] = Counter()
        self.layers: OrderedDict[Function, Any] = OrderedDict()

    def write(self, tops: Any) -> Any:
        for top in tops:
            self._add(top if isinstance(top, Function) else top.fn)
        net = messages.NetParameter()
        net.layer.extend(self.layers.values())
        return net

    def _add(self, wanted: Function) -> None:
        """Add a layer after all that it needs; without recursion, since nets are deep."""
        unfinished = [wanted]
        while unfinished:
            fn = unfinished[-1]
            missing = next((top.fn for top in fn.inputs if top.fn not in self.layers), None)
            if missing is not None:
                unfinished.append(missing)
                continue
            unfinished.pop()
            if fn not in self.layers:
                self.layers[fn] = self._layer(fn)

    def _layer(self, fn: Function) -> Any:
        layer = messages.LayerParameter(type=fn.type_name)
        layer.bottom.extend(self.layers[top.fn].top[top.n] for top in fn.inputs)
        layer.top.extend(layer.bottom if fn.in_place else [self._name(top, fn) for top in fn.tops])
        layer.name = self._name(fn.tops[0] if fn.tops else fn, fn)
        for key, value in fn.params.items():
            assign(_owner(layer, fn.type_name, key), key, value)
        return layer

    def _name(self, thing: Top | Function, fn: Function) -> str:
        if thing not in self.names:
            self.automatic[fn.type_name] += 1
            self.names[thing] = f"{fn.type_name}{self.automatic[fn.type_name]}"
        return self.names[thing]


def _owner(layer: Any, type_name: str, key: str) -> Any:
    """The message that a setting belongs to: the type's own, or the layer itself for `param`, other messages and what only it has."""
    field = BORROWED.get(type_name) or param_name_dict().get(type_name, "") + "_param"
    if key.endswith("param") or field == "_param":
        return layer
    own = getattr(layer, field)
    return layer if has_field(layer, key) and not has_field(own, key) else own


@cache
def param_name_dict() -> dict[str, str]:
    """Layer type -> the name of its settings' field without `_param`: {"Convolution": "convolution", ...}."""
    fields = messages.LayerParameter.DESCRIPTOR.fields
    return {
        field.message_type.name.removesuffix("Parameter"): field.name.removesuffix("_param")
        for field in fields
        if field.name.endswith("_param") and field.message_type is not None
    }


class Layers:
    """`L.Convolution(bottom, num_output=20, kernel_size=5)` makes a layer of the type and gives its Top.

    With ntop=2 it gives a tuple of Tops, with ntop=0 the Function.
    """

    def __getattr__(self, type_name: str) -> Callable[..., Any]:
        if type_name.startswith("__"):
            raise AttributeError(type_name)

        def make(*inputs: Top, **params: Any) -> Any:
            fn = Function(type_name, inputs, params)
            if fn.ntop == 0:
                return fn
            return fn.tops[0] if fn.ntop == 1 else fn.tops

        make.__name__ = type_name
        return make


class Parameters:
    """`P.Pooling.MAX`: the values of the enum fields of PoolingParameter."""

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(messages, f"{name}Parameter")
        except AttributeError:
            kinds = [kind.removesuffix("Parameter") for kind in dir(messages) if kind.endswith("Parameter")]
            raise AttributeError(f"no layer has settings called {name}Parameter. {did_you_mean(name, kinds)}".rstrip()) from None


layers = Layers()
params = Parameters()
