"""Samples that several tests learn."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler


@pytest.fixture(scope="session")
def raw():
    x, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order], np.array(["setosa", "versicolor", "virginica"])[y[order]]


@pytest.fixture(scope="session")
def iris(raw):
    """In units of mean 0 and deviation 1."""
    x, y = raw
    return StandardScaler().fit_transform(x).astype(np.float32), y
