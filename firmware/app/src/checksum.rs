//! The CRC-32 of Ethernet, zip and PNG, by which heads are compared and sent. Computed without a table, which would take a kilobyte.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The CRC of numbers, as little-endian bytes.
///
/// ```
/// assert_eq!(gradient_decay_app::checksum::of_floats(&[1.0]), gradient_decay_app::checksum::of_bytes(&[0, 0, 0x80, 0x3f]));
/// ```
pub fn of_floats(numbers: &[f32]) -> u32 {
    let mut digest = CRC.digest();
    numbers.iter().for_each(|number| digest.update(&number.to_le_bytes()));
    digest.finalize()
}

/// The CRC of bytes.
///
/// ```
/// assert_eq!(gradient_decay_app::checksum::of_bytes(b"123456789"), 0xcbf4_3926);
/// ```
pub fn of_bytes(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}
