"""2,500 real pictures that ship with netproto, so that a net can be trained before its own data is there.

`prepare` lets the Data layers of a net read them; `sheets` are the pictures themselves, `cache` the databases made of them.
"""

from .prepare import Prepared, prepare

__all__ = ["Prepared", "prepare"]
