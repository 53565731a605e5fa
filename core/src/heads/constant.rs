//! Linear heads made in a const: from the bytes of a file that the host wrote, or from numbers in the source.

use crate::error::{Error, Slice};
use crate::heads::linear::LinearHead;
use crate::heads::storage::StoredVelocity;

impl<const CLASSES: usize, const FEATURES: usize, M, V: StoredVelocity> LinearHead<CLASSES, FEATURES, M, V> {
    /// A head from its parameters as little-endian f32, in the order of [`export`](Self::export), with all classes in use; const, so
    /// that a file made by the host becomes a static in flash.
    ///
    /// # Errors
    /// [`Error::Length`] if `bytes` is not four times [`PARAMETERS`](Self::PARAMETERS) long, [`Error::NotFinite`] if a
    /// parameter is NaN or infinite.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// static HEAD: LinearHead<2, 1> = match LinearHead::from_le_bytes(
    ///     b"\x00\x00\x80\x3f\x00\x00\x80\xbf\x00\x00\x00\x00\x00\x00\x00\x40", // 1, -1; 0, 2
    /// ) {
    ///     Ok(head) => head,
    ///     Err(_) => panic!("the file does not hold a 1 -> 2 head"),
    /// };
    /// let mut logits = [0.0; 2];
    /// HEAD.logits(&[0.5], &mut logits)?;
    /// assert_eq!(logits, [0.5, 1.5]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn from_le_bytes(bytes: &[u8]) -> Result<Self, Error>
    where
        V: Copy,
    {
        let mut head = Self::new();
        let (parameters, rest) = bytes.as_chunks::<4>();
        if parameters.len() != Self::PARAMETERS || !rest.is_empty() {
            return Err(Error::Length { slice: Slice::Bytes, expected: 4 * Self::PARAMETERS, actual: bytes.len() });
        }
        let mut index = 0;
        while index < Self::PARAMETERS {
            let value = f32::from_le_bytes(parameters[index]);
            if !value.is_finite() {
                return Err(Error::NotFinite { slice: Slice::Parameters, index });
            }
            if index < CLASSES * FEATURES {
                head.storage.weights[index / FEATURES][index % FEATURES] = value;
            } else {
                head.storage.bias[index - CLASSES * FEATURES] = value;
            }
            index += 1;
        }
        Ok(head)
    }

    /// A head from its weights, one row for each class, and its biases, with all classes in use. It is const, like
    /// [`from_le_bytes`](Self::from_le_bytes), for numbers in the source.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a parameter is NaN or infinite.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// static HEAD: LinearHead<2, 1> = match LinearHead::from_rows(&[[1.0], [-1.0]], &[0.0, 2.0]) {
    ///     Ok(head) => head,
    ///     Err(_) => panic!("a parameter is not finite"),
    /// };
    /// assert_eq!(HEAD.predict(&[0.5])?.class, 1);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn from_rows(weights: &[[f32; FEATURES]; CLASSES], bias: &[f32; CLASSES]) -> Result<Self, Error> {
        let mut row = 0;
        while row < CLASSES {
            let mut column = 0;
            while column < FEATURES {
                if !weights[row][column].is_finite() {
                    return Err(Error::NotFinite { slice: Slice::Parameters, index: row * FEATURES + column });
                }
                column += 1;
            }
            if !bias[row].is_finite() {
                return Err(Error::NotFinite { slice: Slice::Parameters, index: CLASSES * FEATURES + row });
            }
            row += 1;
        }
        let mut head = Self::new();
        head.storage.weights = *weights;
        head.storage.bias = *bias;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Mine = LinearHead<2, 3>;

    /// Both constructors make the head that [`import`](crate::LinearHead::import) makes of the same numbers.
    #[test]
    fn bytes_and_rows_are_the_head_of_their_parameters() {
        let parameters = [1.0, -2.0, 0.5, 4.0, 8.0, -0.25, 3.0, -7.0_f32];
        let mut bytes = [0; 32];
        bytes.as_chunks_mut::<4>().0.iter_mut().zip(parameters).for_each(|(to, number)| *to = number.to_le_bytes());
        let mut imported = Mine::new();
        imported.import(&parameters).unwrap();
        let from_rows = Mine::from_rows(&[[1.0, -2.0, 0.5], [4.0, 8.0, -0.25]], &[3.0, -7.0]);
        assert_eq!((Mine::from_le_bytes(&bytes), from_rows), (Ok(imported.clone()), Ok(imported)));
    }

    #[test]
    fn the_parameter_that_is_not_finite_is_named_by_its_index() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in 0..8 {
                let mut numbers = [0.5; 8];
                numbers[index] = bad;
                let refused = Err(Error::NotFinite { slice: Slice::Parameters, index });
                let [a, b, c, d, e, f, g, h] = numbers;
                assert_eq!(Mine::from_rows(&[[a, b, c], [d, e, f]], &[g, h]), refused);
                let mut bytes = [0; 32];
                bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers).for_each(|(to, x)| *to = x.to_le_bytes());
                assert_eq!(Mine::from_le_bytes(&bytes), refused);
            }
        }
    }
}
