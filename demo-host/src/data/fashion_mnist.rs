//! Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf 2017): 60,000 + 10,000 pictures of clothes, 28x28 pixels.

use std::path::Path;

use anyhow::Result;

use super::DatasetName::FashionMnist;
use super::{Dataset, Normalisation, idx};

/// Mean and standard deviation of the training pixels, as `fetch` prints them.
const NORMALISATION: Normalisation = Normalisation { white: 255.0, mean: &[0.2860], deviation: &[0.3530] };

/// The checksums are of the files in Debian's package `dataset-fashion-mnist`, uncompressed.
const FILES: idx::Files = idx::Files {
    train: [
        FashionMnist.file("train-images-idx3-ubyte", "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
        FashionMnist.file("train-labels-idx1-ubyte", "9018921c3c673c538a1fc5bad174d6f9"),
    ],
    test: [
        FashionMnist.file("t10k-images-idx3-ubyte", "8181f5470baa50b63fa0f6fddb340f0a"),
        FashionMnist.file("t10k-labels-idx1-ubyte", "15d484375f8d13e6eb1aabb0c3f46965"),
    ],
};

/// Loads Fashion-MNIST from a folder with its four files, compressed or not.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load(directory: &Path) -> Result<Dataset> {
    FILES.load(directory, NORMALISATION)
}
