"""The work every library is given."""

from bench.classifiers import Conv, Dense, MaxPool, convnet, perceptron
from bench.language import language_models
from bench.workload import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        perceptron(4, 8, 3, batch_size=16, num_batches=1000),
        perceptron(64, 128, 10, batch_size=32, num_batches=250),
        perceptron(784, 256, 128, 10, batch_size=64, num_batches=100),
        perceptron(784, 256, 128, 10, batch_size=256, num_batches=40),
        perceptron(1024, 1024, 1024, 1024, 10, batch_size=256, num_batches=20),
        convnet(
            "LeNet-5",
            (28, 28, 1),
            *(Conv(6, 5, padding=2), MaxPool(), Conv(16, 5), MaxPool()),
            *(Dense(120), Dense(84)),
        ),
        convnet(
            "32-32-pool-64-64-pool-128-10",
            (32, 32, 3),
            *(Conv(32, 3, padding=1), Conv(32, 3, padding=1), MaxPool()),
            *(Conv(64, 3, padding=1), Conv(64, 3, padding=1), MaxPool()),
            Dense(128),
        ),
        *language_models(),
    )
}
