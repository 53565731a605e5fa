//! The bytes that the documentation states; a device's pointers are half as long as here, so that it needs no more.

use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_app::gestures::{GESTURES, Head, fixed_learner};
use gradient_decay_app::learner::FloatLearner;
use gradient_decay_app::link::Server;

#[test]
fn what_a_device_keeps_in_ram() {
    assert_eq!(size_of::<FloatLearner<4, 24>>(), 4 * (8 * 24 + 24) + 76);
    assert_eq!(size_of::<FloatLearner<10, 64>>(), 10 * (8 * 64 + 24) + 76);
    assert_eq!(size_of_val(&fixed_learner()), 4 * (6 * 24 + 20) + 124);
    assert_eq!((size_of::<Head>(), size_of::<Window>()), (400, 400));
    assert_eq!(size_of::<Server<GESTURES, FEATURES, { Head::PARAMETERS }>>(), 976);
}
