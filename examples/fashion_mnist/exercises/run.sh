#!/bin/sh
# Train LeNet-5 on Fashion-MNIST's four files: with batches of several sizes, then with sigmoid or ReLU, without and with dropout.
# Each run is scored on all test pictures, and has a line on stdout; what netproto says goes to lenet5.log beside this file.
#
# usage: examples/fashion_mnist/exercises/run.sh FOLDER [PICTURES], in the root of the clone
# PICTURES: how many pictures each run sees, default 120000: two epochs
set -eu
folder=$1
pictures=${2:-120000}
here=examples/fashion_mnist/exercises

for split in train:train test:t10k; do
    files=$folder/${split#*:}
    [ -d "$here/${split%:*}_lmdb" ] || netproto convert-mnist \
        "$files-images-idx3-ubyte.gz" "$files-labels-idx1-ubyte.gz" "$here/${split%:*}_lmdb" 2>> "$here/lenet5.log"
done

lenet5() { # STAGES BATCH
    iterations=$((pictures / $2))
    start=$(date +%s)
    netproto train --solver "$here/lenet5_solver.prototxt" --stage "$1" --batch-size "$2" --max-iter "$iterations" 2>> "$here/lenet5.log"
    seconds=$(($(date +%s) - start))
    scores=$(netproto test --model "$here/lenet5_train_test.prototxt" --stage "$1" --weights "$here/lenet5_iter_$iterations.npz" \
        --iterations 100 2>&1 | sed -n 's/.*\] accuracy = //p')
    echo "$1, batch $2, $iterations iterations: $seconds s, accuracy $scores"
}

for batch in 32 64 128 256 512; do
    lenet5 relu "$batch"
done
for stages in relu,dropout sigmoid sigmoid,dropout; do
    lenet5 "$stages" 128
done
