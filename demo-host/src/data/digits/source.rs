//! The raw digits, their split, and the shifted stream that a device meets.

/// Height and width of an image, in pixels.
pub const SIDE: usize = 8;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Classes, the digits 0 to 9.
pub const CLASSES: usize = 10;

/// The first so many images are trained on, the rest tested on.
const TRAINING: usize = 1197;

/// An image with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// Grey levels 0 to 16, row by row.
    pub pixels: [u8; PIXELS],
    /// The digit, 0 to 9.
    pub label: u8,
}

/// The images that models are trained on.
pub fn training() -> Vec<Digit> {
    all()[..TRAINING].to_vec()
}

/// The images that models are tested on.
pub fn test() -> Vec<Digit> {
    all()[TRAINING..].to_vec()
}

/// The labelled images that a device learns from, in the order in which they arrive: every other test image, shifted.
pub fn device_stream() -> Vec<Digit> {
    test().iter().step_by(2).map(shifted).collect()
}

/// The images that tell how well the device has learned: the other test images, shifted. The writers are those of the
/// stream, as a device meets again the people that it learned from.
pub fn device_test() -> Vec<Digit> {
    test().iter().skip(1).step_by(2).map(shifted).collect()
}

/// The digit one pixel further right, as by a sensor that sits off its place: the left column is empty and the right
/// one is lost.
fn shifted(digit: &Digit) -> Digit {
    let pixels = core::array::from_fn(|i| if i % SIDE == 0 { 0 } else { digit.pixels[i - 1] });
    Digit { pixels, label: digit.label }
}

fn all() -> Vec<Digit> {
    let digits = smartcore::dataset::digits::load_dataset();
    let images = digits.data.chunks_exact(PIXELS).zip(&digits.target);
    images.map(|(grey, label)| Digit { pixels: core::array::from_fn(|i| grey[i] as u8), label: *label as u8 }).collect()
}
