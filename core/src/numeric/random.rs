//! Random numbers that follow from a seed, the same on every target.

/// A generator of random numbers: xorshift with 32 bits (Marsaglia, 2003), never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Random(pub(crate) u32);

impl Random {
    pub(crate) const fn new(seed: u32) -> Self {
        // Spread over all bits, so that neighbouring seeds give unrelated sequences. The state must not be 0, which never changes.
        let spread = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9);
        Random(if spread == 0 { 0x9e37_79b9 } else { spread })
    }

    /// The next 32 random bits.
    pub(crate) fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `end`, or 0 for 0. Uneven by at most `end / 2^32`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(end)) >> 32) as u32
    }
}
