"""Where records come from: databases, lists of images, HDF5 files; and how they become batches."""
