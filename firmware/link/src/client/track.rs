//! The samples of a device, followed by a host.

use crate::client::Failure;
use crate::{MAX_SAMPLES, Request, Response};

/// The samples that are kept: 10 s at 50 a second, since a label is told some seconds after its window.
const KEPT: usize = 512;

/// The last samples of a device, by their numbers: 3 kB.
///
/// Each [`request`](Self::request) is to be asked and its answer to be given to [`answered`](Self::answered), at least as often as the device
/// fills its window. A device that restarts counts from the beginning: with a new session begin a new track.
#[derive(Clone, Debug)]
pub struct Track {
    samples: [[i16; 3]; KEPT],
    /// Those that follow one another without a gap up to the last.
    whole: usize,
    /// The number of the next.
    next: u32,
}

impl Track {
    /// Before the first sample.
    pub const fn new() -> Self {
        Track { samples: [[0; 3]; KEPT], whole: 0, next: 1 }
    }

    /// The next request.
    pub fn request(&self) -> Request<'static> {
        Request::Sense { from: self.next }
    }

    /// Takes the answer to a request: how many samples are new.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is an answer to another request.
    pub fn answered(&mut self, response: &Response<'_>) -> Result<usize, Failure> {
        let Response::Sensed { first, samples } = response else { return Err(Failure::Unexpected) };
        if *first != self.next && !samples.is_empty() {
            (self.whole, self.next) = (0, *first);
        }
        for sample in samples.iter() {
            if let Some(place) = self.samples.get_mut(self.next as usize % KEPT) {
                *place = sample;
            }
            self.next = self.next.wrapping_add(1);
            self.whole = KEPT.min(self.whole + 1);
        }
        Ok(samples.len())
    }

    /// The number of the next sample.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// The window whose last sample has this number; `None` if one of its samples did not come, or is forgotten.
    pub fn window(&self, at: u32) -> Option<[[i16; 3]; MAX_SAMPLES]> {
        let age = self.next.wrapping_sub(1).wrapping_sub(at) as usize;
        if age.checked_add(MAX_SAMPLES)? > self.whole {
            return None;
        }
        let first = at.wrapping_sub(MAX_SAMPLES as u32 - 1);
        let mut window = [[0; 3]; MAX_SAMPLES];
        for (place, number) in window.iter_mut().zip(0..) {
            *place = *self.samples.get(first.wrapping_add(number) as usize % KEPT)?;
        }
        Some(window)
    }
}

impl Default for Track {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    /// Tells a track the samples from `first` on, each of which has its number in it.
    fn tell(track: &mut Track, first: u32, count: u32) {
        let mut buffer = [0; 6 * MAX_SAMPLES];
        let samples = (0..count).map(|i| [first.wrapping_add(i) as i16, 0, 1]);
        let samples = Samples::pack(samples, &mut buffer).unwrap();
        assert_eq!(track.answered(&Response::Sensed { first, samples }), Ok(count as usize));
    }

    #[test]
    fn a_window_is_had_while_it_is_kept_and_has_no_gap() {
        for start in [1, u32::MAX - 300] {
            let mut track = Track { next: start, ..Track::new() };
            assert_eq!(track.request(), Request::Sense { from: start });
            assert_eq!(track.window(start), None);
            for i in 0..10 {
                tell(&mut track, start.wrapping_add(60 * i), 60);
            }
            let number = |i: u32| start.wrapping_add(i);
            assert_eq!(track.next(), number(600));
            for at in [151, 300, 599] {
                let window = track.window(number(at)).unwrap();
                assert!((0..64).all(|i| window[i as usize] == [number(at - 63 + i) as i16, 0, 1]), "{at}");
            }
            assert_eq!([100, 150, 600, 9999].map(|at| track.window(number(at))), [None; 4]);
            // Twice the same number, none, and a gap.
            tell(&mut track, number(600), 0);
            tell(&mut track, number(664), 64);
            assert_eq!(track.window(number(599)), None);
            assert_eq!(track.window(number(727)).unwrap()[0], [number(664) as i16, 0, 1]);
            assert_eq!(track.window(number(726)), None);
        }
        assert_eq!(Track::new().answered(&Response::Done), Err(Failure::Unexpected));
    }
}
