#!/bin/sh
# Make the databases of Fashion-MNIST's four files, if they are not there yet, and train.
#
# usage: examples/fashion_mnist/run.sh FOLDER [flags of netproto train], in the root of the clone
set -eu
folder=$1
shift
for split in train:train test:t10k; do
    database=examples/fashion_mnist/fashion_mnist_${split%:*}_lmdb
    files=$folder/${split#*:}
    [ -d "$database" ] || netproto convert-mnist --resize 224 --encoded \
        "$files-images-idx3-ubyte.gz" "$files-labels-idx1-ubyte.gz" "$database"
done
netproto train --solver examples/fashion_mnist/solver.prototxt "$@"
