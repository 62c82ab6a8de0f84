"""Training logs as Caffe of several ages wrote them."""

NEW = """\
I0412 23:59:50.000000 25210 caffe.cpp:204] Using GPUs 0
I0412 23:59:50.500000 25210 solver.cpp:289] Solving LeNet
I0412 23:59:50.500100 25210 solver.cpp:290] Learning Rate Policy: step
I0412 23:59:50.600000 25210 solver.cpp:347] Iteration 0, Testing net (#0)
I0412 23:59:51.500000 25210 solver.cpp:414]     Test net output #0: accuracy = 0.125
I0412 23:59:51.500000 25210 solver.cpp:414]     Test net output #1: loss = 2.5 (* 1 = 2.5 loss)
I0412 23:59:52.000000 25210 solver.cpp:239] Iteration 0 (-1.4013e-45 iter/s, 0.02s/20 iters), loss = 2.75
I0412 23:59:52.000010 25210 solver.cpp:258]     Train net output #0: loss = 2.75 (* 1 = 2.75 loss)
I0412 23:59:52.000020 25210 sgd_solver.cpp:112] Iteration 0, lr = 0.01
I0413 00:00:02.500000 25210 solver.cpp:239] Iteration 20 (3.1 iter/s, 6.5s/20 iters), loss = 1.5
I0413 00:00:02.500010 25210 solver.cpp:258]     Train net output #0: loss = 1.25 (* 1 = 1.25 loss)
I0413 00:00:02.500020 25210 sgd_solver.cpp:112] Iteration 20, lr = 0.01
I0413 00:00:10.500000 25210 solver.cpp:347] Iteration 40, Testing net (#0)
I0413 00:00:11.500000 25210 solver.cpp:414]     Test net output #0: accuracy = 0.5
I0413 00:00:11.500000 25210 solver.cpp:414]     Test net output #1: loss = 1.0625 (* 1 = 1.0625 loss)
I0413 00:00:12.500000 25210 solver.cpp:239] Iteration 40 (2 iter/s, 10s/20 iters), loss = 1e-05
I0413 00:00:12.500010 25210 solver.cpp:258]     Train net output #0: loss = 1e-05 (* 1 = 1e-05 loss)
I0413 00:00:12.500020 25210 sgd_solver.cpp:112] Iteration 40, lr = 0.001
I0413 00:00:13.000000 25210 solver.cpp:464] Snapshotting to binary proto file lenet_iter_41.caffemodel
I0413 00:00:13.500000 25210 caffe.cpp:259] Optimization Done.
"""

OLD = """\
I1231 23:59:58.000000  7 solver.cpp:47] Solving CIFAR10
I1231 23:59:58.100000  7 solver.cpp:106] Iteration 0, Testing net
I1231 23:59:59.000000  7 solver.cpp:142] Test score #0: 0.25
I1231 23:59:59.000000  7 solver.cpp:142] Test score #1: 2.5
I1231 23:59:59.500000  7 solver.cpp:87] Iteration 0, loss = 2.5
I1231 23:59:59.500000  7 solver.cpp:204] Iteration 0, lr = 0.5
I0101 00:00:08.000000  7 solver.cpp:204] Iteration 100, lr = 0.25
I0101 00:00:08.000000  7 solver.cpp:87] Iteration 100, loss = 1.5
"""

TWO_NETS = """\
I0412 10:00:00.000000 1 solver.cpp:289] Solving Two
I0412 10:00:01.000000 1 solver.cpp:347] Iteration 0, Testing net (#0)
I0412 10:00:01.000000 1 solver.cpp:414]     Test net output #0: accuracy = 0.25
I0412 10:00:02.000000 1 solver.cpp:347] Iteration 0, Testing net (#1)
I0412 10:00:02.000000 1 solver.cpp:414]     Test net output #0: accuracy = 0.75
I0412 10:00:02.000000 1 solver.cpp:414]     Test net output #1: per_class = 0.5
I0412 10:00:02.000000 1 solver.cpp:414]     Test net output #2: per_class = nan
"""

RESTARTED = """\
I0412 10:00:00.000000 1 solver.cpp:289] Solving Again
I0412 10:00:01.000000 1 solver.cpp:239] Iteration 20, loss = 4
I0412 10:00:01.000000 1 solver.cpp:258]     Train net output #0: loss = 4 (* 1 = 4 loss)
I0412 10:00:01.000000 1 sgd_solver.cpp:112] Iteration 20, lr = 0.5
I0412 10:00:02.000000 1 solver.cpp:239] Iteration 40, loss = 3
I0412 10:00:02.000000 1 solver.cpp:258]     Train net output #0: loss = 3 (* 1 = 3 loss)
I0412 10:00:02.000000 1 sgd_solver.cpp:112] Iteration 40, lr = 0.5
I0412 10:00:03.000000 1 solver.cpp:239] Iteration 60, loss = 2.
I0412 10:05:00.000000 2 caffe.cpp:204] Using GPUs 0
I0412 10:05:01.000000 2 solver.cpp:289] Solving Again
I0412 10:05:02.000000 2 solver.cpp:239] Iteration 40, loss = 2
I0412 10:05:02.000000 2 solver.cpp:258]     Train net output #0: loss = 2 (* 1 = 2 loss)
I0412 10:05:02.000000 2 sgd_solver.cpp:112] Iteration 40, lr = 0.25
I0412 10:05:03.000000 2 solver.cpp:258]     Train net outp
I9999 25:61:61.000000 2 solver.cpp:239] Iteration 60, loss = 1
I0412 10:05:04.000000 2 solver.cpp:258]     Train net output #0: loss = 1 (* 1 = 1 loss)
I0412 10:05:04.000000 2 solver.cpp:258]     Train net output #0: loss = 0.12"""
"""It ended while its last line was being written, and was gone on with from a snapshot."""
