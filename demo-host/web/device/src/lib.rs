//! A device in a page: the gesture app of the firmware on simulated buttons, LEDs and flash, fed with motion from a mouse, a phone, simulated
//! people or a recording; and the core's learners on a plane of two features, to be clicked at.
//!
//! Everything here runs natively as well, so that the page's arithmetic is tested, and compared bit by bit, without a browser.

mod board;
mod host;
mod people;
mod phone;
mod plane;
mod pointer;
mod sensor;
mod told;

pub use board::{Board, Seen, Summary, window_features};
pub use host::{Change, ChangeKind, Host, Step};
pub use people::Person;
pub use phone::Phone;
pub use plane::{Plane, gradient_magnitude, mean_gradient};
pub use pointer::Pointer;
pub use told::{Kind, Told};
