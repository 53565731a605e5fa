//! The data sets that devices learn in `adapt`.
//!
//! | task | features | users | the host knows |
//! |---|---|---|---|
//! | [`digits`] | 64, of the trained network in `firmware/app/assets` | other writers, images a pixel off | its training set and its head |
//! | [`activities`] | 30 a window of a second, of accelerometer and gyroscope | 23 people | the other people, and a head trained on them |
//! | [`gestures`] | 24 a window of 1.28 s, the app's own | nobody is named | nothing |

pub mod activities;
pub mod digits;
pub mod gestures;
mod recordings;
