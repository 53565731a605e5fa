//! The 8x8 digits of UCI (E. Alpaydin, C. Kaynak, CC BY 4.0), embedded in the crate `smartcore`: 1,797 images, grey levels 0 to 16,
//! their split, and the shifted stream that a device learns from.
//!
//! The images are ordered by writer, so a split in the given order tests on people that were not trained on. Host, tests and the
//! build script of the firmware's demonstration use this package, so that all have the same samples.

/// Height and width of an image, in pixels.
pub const SIDE: usize = 8;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Classes, the digits 0 to 9.
pub const CLASSES: usize = 10;

/// The number of images, the first ones, that are trained on; the rest is tested on.
const TRAINING: usize = 1197;

/// An image with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// Grey levels 0 to 16, row by row.
    pub pixels: [u8; PIXELS],
    /// The digit, 0 to 9.
    pub label: u8,
}

/// The 1,197 images that models are trained on, in their own order.
pub fn training() -> Vec<Digit> {
    all()[..TRAINING].to_vec()
}

/// The 600 images that models are tested on, by other writers, in their own order.
pub fn test() -> Vec<Digit> {
    all()[TRAINING..].to_vec()
}

/// The 300 labelled images that a device learns from, in the order in which they arrive: every other test image, shifted.
pub fn device_stream() -> Vec<Digit> {
    test().iter().step_by(2).map(shifted).collect()
}

/// The 300 images that tell how well the device has learned: the other test images, shifted. The writers are those of the
/// stream, as a device meets again the people that it learned from.
pub fn device_test() -> Vec<Digit> {
    test().iter().skip(1).step_by(2).map(shifted).collect()
}

/// The digit shifted one pixel to the right, as by a misplaced sensor: the left column is empty and the right
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_and_the_levels() {
        assert_eq!((training().len(), test().len()), (1197, 600));
        assert!(
            all().iter().all(|digit| digit.pixels.iter().all(|grey| *grey <= 16) && usize::from(digit.label) < CLASSES)
        );
        // Every class is in both parts, or they could not be compared.
        for digits in [training(), test(), device_stream(), device_test()] {
            assert!((0..CLASSES).all(|class| digits.iter().any(|digit| usize::from(digit.label) == class)));
        }
    }

    #[test]
    fn a_shifted_image_is_one_pixel_further_right() {
        let (before, after) = (test(), device_test());
        assert_eq!(after.len(), 300);
        for (before, after) in before.iter().skip(1).step_by(2).zip(&after) {
            assert_eq!(before.label, after.label);
            for (from, to) in before.pixels.chunks(SIDE).zip(after.pixels.chunks(SIDE)) {
                assert_eq!((to[0], &to[1..]), (0, &from[..SIDE - 1]));
            }
        }
    }
}
