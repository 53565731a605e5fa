//! The link: what a device does for a host over a line that loses, repeats, reorders and damages, and what it refuses.

mod bench;
mod consent;
mod device;
mod model;
mod requests;
mod schedules;
mod sessions;
mod watching;
