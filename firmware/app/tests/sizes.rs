//! The bytes that the documentation states; a device's pointers are half as long as here, so that it needs no more.

use gradient_decay::{LinearHead, checkpoint};
use gradient_decay_app::digits::Practice;
use gradient_decay_app::fixed::FixedLearner;
use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_app::gestures::{Buffer, GESTURES, Head, Learner, PARAMETERS};
use gradient_decay_app::learner::LinearLearner;
use gradient_decay_app::link::Server;

#[test]
fn what_a_device_keeps_in_ram() {
    assert_eq!(size_of::<LinearLearner<4, 24>>(), 4 * (8 * 24 + 32) + 200);
    assert_eq!(size_of::<LinearLearner<10, 64>>(), 10 * (8 * 64 + 32) + 200);
    assert_eq!(size_of::<FixedLearner<10, 64>>(), 10 * (6 * 64 + 16) + 216);
    assert_eq!(size_of::<Practice>(), 2 * 10_968 + 10_976);
    assert_eq!((size_of::<Learner>(), size_of::<Head>(), size_of::<Window>()), (4752, 2816, 408));
    assert_eq!(
        size_of::<Server<GESTURES, FEATURES, PARAMETERS>>(),
        1088 + 4 * (PARAMETERS - LinearHead::<4, 24>::PARAMETERS)
    );
}

#[test]
fn what_a_device_keeps_in_flash() {
    assert_eq!(checkpoint::bytes::<Learner>(), 4776);
    assert_eq!(size_of::<Buffer>(), 4800);
}
