//! The product of two matrices in slices, by the crate `gemm`.

use gemm::Parallelism;

/// A matrix of `rows` x `columns`, its elements at fixed distances in a slice.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    elements: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// The matrix that stands row by row in `elements`.
    ///
    /// # Panics
    /// If there are more or fewer elements than `rows * columns`.
    pub fn new(elements: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(elements.len(), rows * columns);
        Matrix { elements, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same elements with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Writes `left * right` into `product`, row by row, or adds it there.
///
/// # Panics
/// If the sizes do not fit.
#[expect(unsafe_code, reason = "gemm takes pointers and strides")]
pub fn multiply(left: Matrix<'_>, right: Matrix<'_>, product: &mut [f32], add: bool) {
    assert_eq!(left.columns, right.rows);
    assert_eq!(product.len(), left.rows * right.columns);
    let stride = |stride: usize| stride as isize;
    // SAFETY: `Matrix::new` has checked that the strides stay within the elements, and transposing keeps that; the
    // product has the size that is written, row by row, and as a `&mut` it overlaps neither factor.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            product.as_mut_ptr(),
            1,
            stride(right.columns),
            add,
            left.elements.as_ptr(),
            stride(left.column_stride),
            stride(left.row_stride),
            right.elements.as_ptr(),
            stride(right.column_stride),
            stride(right.row_stride),
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
