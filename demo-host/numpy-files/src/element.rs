//! The types of elements.

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A float of 16 bits.
    F16,
    /// A float of 32 bits.
    F32,
    /// A float of 64 bits.
    F64,
    /// A signed integer of 8 bits.
    I8,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// An integer of 8 bits without a sign.
    U8,
    /// An integer of 16 bits without a sign.
    U16,
    /// An integer of 32 bits without a sign.
    U32,
    /// An integer of 64 bits without a sign.
    U64,
    /// A boolean, a byte.
    Bool,
    /// A text of so many characters of 32 bits at most.
    Unicode(usize),
    /// A text of so many bytes at most.
    Bytes(usize),
    /// A pickled object, which is not read.
    Object,
    /// Another type, which is not read: complex numbers, times, structures.
    Other,
}

impl Element {
    /// The type by NumPy's name without its byte order, as in `f4`.
    pub(crate) fn named(name: &str) -> Self {
        let long = |digits: &str| digits.parse().ok().filter(|length: &usize| (1..=1 << 16).contains(length));
        match name {
            "f2" => Element::F16,
            "f4" => Element::F32,
            "f8" => Element::F64,
            "i1" => Element::I8,
            "i2" => Element::I16,
            "i4" => Element::I32,
            "i8" => Element::I64,
            "u1" => Element::U8,
            "u2" => Element::U16,
            "u4" => Element::U32,
            "u8" => Element::U64,
            "b1" => Element::Bool,
            "O" | "O4" | "O8" => Element::Object,
            _ => match (name.strip_prefix('U').and_then(long), name.strip_prefix('S').and_then(long)) {
                (Some(characters), _) => Element::Unicode(characters),
                (_, Some(bytes)) => Element::Bytes(bytes),
                _ => Element::Other,
            },
        }
    }

    /// The bytes of an element; `None` if it is not read.
    pub fn bytes(self) -> Option<usize> {
        Some(match self {
            Element::I8 | Element::U8 | Element::Bool => 1,
            Element::F16 | Element::I16 | Element::U16 => 2,
            Element::F32 | Element::I32 | Element::U32 => 4,
            Element::F64 | Element::I64 | Element::U64 => 8,
            Element::Unicode(characters) => 4 * characters,
            Element::Bytes(bytes) => bytes,
            Element::Object | Element::Other => return None,
        })
    }

    /// Whether it is a number or a boolean.
    pub fn is_number(self) -> bool {
        !matches!(self, Element::Unicode(_) | Element::Bytes(_) | Element::Object | Element::Other)
    }

    /// The bytes that the other byte order turns around.
    pub(crate) fn swapped(self) -> usize {
        match self {
            Element::Unicode(_) => 4,
            Element::Bytes(_) | Element::Object | Element::Other => 1,
            number => number.bytes().unwrap_or(1),
        }
    }
}

/// A number of IEEE's binary16, exactly: with its exponent shifted to where f32 has it, it is a power of two away from its value.
pub fn half(bits: u16) -> f32 {
    let (sign, magnitude) = (u32::from(bits >> 15) << 31, u32::from(bits & 0x7fff));
    if magnitude >= 0x7c00 {
        return f32::from_bits(sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13);
    }
    f32::from_bits(sign | magnitude << 13) * f32::from_bits((127 + 112) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_the_value_of_their_fields() {
        for bits in 0..=u16::MAX {
            let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            let expected = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 => {
                    if fraction == 0.0 {
                        f64::INFINITY
                    } else {
                        f64::NAN
                    }
                }
                _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
            } * if sign == 1 { -1.0 } else { 1.0 };
            let found = f64::from(half(bits));
            assert!(found == expected || found.is_nan() && expected.is_nan(), "{bits:x}: {found} {expected}");
        }
    }

    #[test]
    fn names_of_types() {
        assert_eq!(Element::named("U12"), Element::Unicode(12));
        assert_eq!(Element::named("S7").bytes(), Some(7));
        for name in ["c8", "U", "S0", "U99999999999999999999", "S-1", "V4", "M8[ns]", ""] {
            assert_eq!(Element::named(name), Element::Other, "{name}");
        }
    }
}
