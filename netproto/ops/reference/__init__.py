"""The operations of a backend, written once for numpy and cupy: one file and one mixin per family."""
