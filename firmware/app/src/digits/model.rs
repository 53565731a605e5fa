//! The network: sizes, frozen layer, trained head.

use gradient_decay::{Error, Learner, LinearHead, Parts};

/// Pixels of an image, 8x8.
pub const PIXELS: usize = 64;
/// Outputs of the hidden layer.
pub const FEATURES: usize = 64;
/// Digits.
pub const CLASSES: usize = 10;

/// The hidden layer: a dense layer whose outputs go through ReLU.
pub type Hidden = LinearHead<FEATURES, PIXELS>;
/// The layer that learns.
pub type Head = LinearHead<CLASSES, FEATURES>;

/// An image from the sensor, with the digit that the user gives as its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Grey levels 0 to 16, row by row.
    pub pixels: [u8; PIXELS],
    /// The digit, 0 to 9.
    pub label: u8,
}

/// The frozen hidden layer, 16,640 bytes of flash: `demo-host export --layer hidden` wrote it.
pub static HIDDEN: Hidden = match Hidden::from_le_bytes(include_bytes!("../../assets/hidden.bin")) {
    Ok(hidden) => hidden,
    Err(_) => panic!("assets/hidden.bin does not hold a 64 -> 64 layer"),
};

/// The head as trained on the host, written by `demo-host export`. A const function, so that it can initialise a
/// static.
pub const fn trained_head() -> Head {
    match Head::from_le_bytes(include_bytes!("../../assets/head.bin")) {
        Ok(head) => head,
        Err(_) => panic!("assets/head.bin does not hold a 64 -> 10 head"),
    }
}

/// A learner with that head, without other parts. It is large: put it in a static.
pub const fn trained_learner() -> Learner<Head> {
    Learner::new(trained_head(), Parts::NONE)
}

/// The features of an image: the hidden layer's outputs, through ReLU.
///
/// # Errors
/// [`Error::NotFinite`] if an output leaves the range of f32, which needs weights of 1e34.
pub fn extract(hidden: &Hidden, pixels: &[u8; PIXELS], features: &mut [f32; FEATURES]) -> Result<(), Error> {
    // A division by a power of two, as in training: exact.
    hidden.logits(&pixels.map(|grey| f32::from(grey) / 16.0), features)?;
    for feature in features {
        // A comparison, which is one instruction, since f32::max is a function call.
        *feature = if *feature > 0.0 { *feature } else { 0.0 };
    }
    Ok(())
}
