//! A device as it is used: labelled samples from a shifted distribution arrive one by one, its learners take them, and a class that it
//! does not know joins. The story runs all of it on the digits.

pub mod device;
pub mod newcomer;
pub mod story;
