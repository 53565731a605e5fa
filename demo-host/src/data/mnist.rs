//! MNIST (Y. LeCun, C. Cortes, C. Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels.

use std::path::Path;

use anyhow::Result;

use super::DatasetName::Mnist;
use super::{Dataset, Normalisation, idx};

/// Mean and standard deviation of the training pixels, as `fetch` prints them.
const NORMALISATION: Normalisation = Normalisation { white: 255.0, mean: &[0.1307], deviation: &[0.3081] };

const FILES: idx::Files = idx::Files {
    train: [
        Mnist.file("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
        Mnist.file("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
    ],
    test: [
        Mnist.file("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
        Mnist.file("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"),
    ],
};

/// Loads MNIST from a folder with its four files.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load(directory: &Path) -> Result<Dataset> {
    FILES.load(directory, NORMALISATION)
}
