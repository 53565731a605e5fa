//! The bytes that the documentation states; a device's pointers are half as long as here, so that it needs no more.

use gradient_decay::checkpoint;
use gradient_decay_app::digits::Practice;
use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_app::gestures::{self, Buffer, FixedLearner, GESTURES, Head};
use gradient_decay_app::learner::FloatLearner;
use gradient_decay_app::link::Server;

#[test]
fn what_a_device_keeps_in_ram() {
    assert_eq!(size_of::<FloatLearner<4, 24>>(), 4 * (8 * 24 + 32) + 200);
    assert_eq!(size_of::<FloatLearner<10, 64>>(), 10 * (8 * 64 + 32) + 200);
    assert_eq!(size_of::<FixedLearner>(), usize::next_multiple_of(4 * (6 * 24 + 16) + 212, 8));
    assert_eq!(size_of::<Practice>(), 2 * 10_968 + 10_976);
    assert_eq!((size_of::<Head>(), size_of::<Window>()), (404, 400));
    assert_eq!(size_of::<Server<GESTURES, FEATURES, { Head::PARAMETERS }>>(), 976);
}

#[test]
fn what_a_device_keeps_in_flash() {
    assert_eq!(checkpoint::bytes::<gestures::FloatLearner>(), 1148);
    assert_eq!(checkpoint::bytes::<FixedLearner>(), 900);
    assert_eq!(size_of::<Buffer>(), 1152);
}
