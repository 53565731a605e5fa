//! The head among named arrays: which matrix, which bias, and what a row of the matrix is.

use anyhow::{Context, Result, bail, ensure};

use crate::format::{CLASSES_FIRST, Options};
use crate::head::{Found, Head, Standardization, check_size};
use crate::integers::{Integers, Meaning};

/// The meaning of the rows of a matrix of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// A row is a class: PyTorch, scikit-learn, TFLite.
    ClassesFirst,
    /// A row is a feature: Keras, a matrix that features are multiplied with from the left.
    FeaturesFirst,
}

/// The type of the elements of an array, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I32,
    I64,
    /// A type that is not read.
    Other,
}

impl Kind {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Kind::I8 | Kind::Other => 1,
            Kind::F16 | Kind::Bf16 => 2,
            Kind::F32 | Kind::I32 => 4,
            Kind::F64 | Kind::I64 => 8,
        }
    }

    fn is_float(self) -> bool {
        matches!(self, Kind::F16 | Kind::Bf16 | Kind::F32 | Kind::F64)
    }
}

/// An array without its elements.
#[derive(Clone, Debug)]
pub(crate) struct Info {
    pub name: String,
    pub shape: Vec<usize>,
    pub kind: Kind,
    /// The type as the file names it.
    pub type_name: String,
}

/// Arrays, whose elements are read when they are needed: in C order, little-endian.
pub(crate) struct Arrays<'a> {
    pub infos: Vec<Info>,
    pub read: &'a mut dyn FnMut(usize) -> Result<Vec<u8>>,
}

impl Arrays<'_> {
    /// The place of the array with one of these names.
    fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.infos.iter().position(|info| info.name == *name))
    }

    /// The elements of an array, as many as its shape says.
    fn bytes(&mut self, at: usize) -> Result<Vec<u8>> {
        let info = &self.infos[at];
        let bytes = check_size(&info.shape).and_then(|count| {
            let bytes = (self.read)(at)?;
            let expected = count * info.kind.bytes();
            ensure!(
                bytes.len() == expected,
                "it has {} bytes, but {:?} of {} takes {expected}",
                bytes.len(),
                info.shape,
                info.type_name
            );
            Ok(bytes)
        });
        bytes.with_context(|| format!("array `{}`", info.name))
    }

    /// The numbers of an array as f32, finite; notes if they were converted.
    pub(crate) fn floats(&mut self, at: usize, notes: &mut Vec<String>) -> Result<Vec<f32>> {
        let (name, kind, shape) = (self.infos[at].name.clone(), self.infos[at].kind, self.infos[at].shape.clone());
        ensure!(
            kind.is_float(),
            "array `{name}` is of the type {}, but must be float16, bfloat16, float32 or float64",
            self.infos[at].type_name
        );
        let bytes = self.bytes(at)?;
        let numbers = floats(&bytes, kind);
        let columns = shape.last().copied().unwrap_or(1).max(1);
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            let beyond = if kind == Kind::F64 && double(&bytes, index).is_finite() {
                ", beyond the range of float32"
            } else {
                ""
            };
            bail!(
                "array `{name}`, row {}, column {} is {}{beyond}, but must be finite",
                index / columns,
                index % columns,
                numbers[index]
            );
        }
        if kind != Kind::F32 {
            notes.push(match kind {
                Kind::F64 => {
                    let off = |(i, x): (usize, &f32)| (double(&bytes, i) - f64::from(*x)).abs();
                    let most = numbers.iter().enumerate().map(off).fold(0.0, f64::max);
                    format!("`{name}` was rounded from float64 to float32, by {most:.1e} at most")
                }
                _ => format!("`{name}` was converted from {}, exactly", self.infos[at].type_name),
            });
        }
        Ok(numbers)
    }

    /// The head among them.
    pub(crate) fn head(mut self, options: &Options) -> Result<Found> {
        if let (Some(_), Some(_)) = (self.find(&["covariance"]), self.find(&["means"])) {
            bail!(
                "it holds the prior of a discriminant and no linear head: `export` writes one from features as a .ckpt too"
            );
        }
        let at = self.matrix(options)?;
        let mut notes = Vec::new();
        let Info { name, shape, kind, .. } = self.infos[at].clone();
        let (first, second) = (shape[0], shape[1]);
        if let (Kind::I8, Some(scales)) = (kind, self.find(&["weight_scale"])) {
            return self.integers(at, scales, options);
        }
        let bias = self.bias(at);
        let length = bias.map(|at| check_size(&self.infos[at].shape)).transpose().context("the bias")?;
        // What `export` writes says so.
        let own = self.find(&[CLASSES_FIRST]).is_some();
        let said = options.orientation.or(own.then_some(Orientation::ClassesFirst));
        let orientation = orientation(&name, first, second, length, said)?;
        let weights = self.floats(at, &mut notes)?;
        let (weights, classes, features) = match orientation {
            Orientation::ClassesFirst => (weights, first, second),
            Orientation::FeaturesFirst => (transposed(&weights, second), second, first),
        };
        let bias = match bias {
            Some(at) => self.floats(at, &mut notes)?,
            None => {
                notes.push(format!("there is no bias beside `{name}`: it is 0"));
                vec![0.0; classes]
            }
        };
        let transposed = if orientation == Orientation::FeaturesFirst { ", transposed" } else { "" };
        notes.insert(0, format!("taken: `{name}`, {classes} classes of {features} features{transposed}"));
        let mut found = match own {
            true => Found { head: Head::new(weights, &bias, features)?, integers: None, notes },
            false => Found::of_layer(weights, bias, features, notes)?,
        };
        if let Some(standardization) = self.standardization(&mut found.notes)? {
            found.head = found.head.with_standardization(standardization)?;
        }
        Ok(found)
    }

    /// The place of the one matrix, or of the one that is asked for.
    fn matrix(&self, options: &Options) -> Result<usize> {
        let is_matrix = |info: &Info| {
            info.shape.len() == 2 && !info.shape.contains(&0) && (info.kind.is_float() || info.kind == Kind::I8)
        };
        let matrices: Vec<usize> = (0..self.infos.len()).filter(|at| is_matrix(&self.infos[*at])).collect();
        let named = |at: &usize| {
            let Some(layer) = &options.layer else { return true };
            let behind = self.infos[*at].name.strip_prefix(layer.as_str());
            behind.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', '_']))
        };
        let taken: Vec<usize> = matrices.iter().copied().filter(named).collect();
        let list = |places: &[usize]| {
            let each = |at: &usize| {
                format!("`{}` ({} x {})", self.infos[*at].name, self.infos[*at].shape[0], self.infos[*at].shape[1])
            };
            places.iter().map(each).collect::<Vec<_>>().join(", ")
        };
        let exact = taken.iter().find(|at| Some(&self.infos[**at].name) == options.layer.as_ref());
        match (taken.as_slice(), exact) {
            (_, Some(at)) | ([at], _) => Ok(*at),
            ([], _) if matrices.is_empty() => {
                let all: Vec<String> = self
                    .infos
                    .iter()
                    .map(|info| format!("`{}` {:?} {}", info.name, info.shape, info.type_name))
                    .collect();
                bail!(
                    "there is no matrix of floats among its arrays: {}",
                    if all.is_empty() { "it has none".to_owned() } else { all.join(", ") }
                )
            }
            ([], _) => {
                bail!("there is no matrix `{}`, but {}", options.layer.as_deref().unwrap_or_default(), list(&matrices))
            }
            (several, _) => {
                bail!("there are several matrices, {}: say by --layer which one is the head", list(several))
            }
        }
    }

    /// The place of the bias of a matrix: by its name, or because there is no other vector.
    fn bias(&self, matrix: usize) -> Option<usize> {
        let name = &self.infos[matrix].name;
        for (weight, bias) in [
            ("weight", "bias"),
            ("weights", "bias"),
            ("kernel", "bias"),
            ("kernel:0", "bias:0"),
            ("coef_", "intercept_"),
            ("coef", "intercept"),
            ("W", "b"),
        ] {
            let sibling = name.strip_suffix(weight).map(|stem| format!("{stem}{bias}"));
            if let Some(at) = sibling.and_then(|sibling| self.find(&[&sibling])) {
                return Some(at);
            }
        }
        let is_vector = |at: &usize| {
            let info = &self.infos[*at];
            let shape = info.shape.as_slice();
            matches!(shape, [_] | [1, _])
                && *at != matrix
                && info.kind.is_float()
                && !SCALER.concat().contains(&info.name.as_str())
        };
        let mut vectors = (0..self.infos.len()).filter(is_vector);
        let one_matrix = self.infos.iter().filter(|info| info.shape.len() == 2 && info.shape[0] > 1).count() <= 1;
        vectors.next().filter(|_| one_matrix && vectors.next().is_none())
    }

    /// The arrays of a scikit-learn `StandardScaler`, or those that `export` writes.
    fn standardization(&mut self, notes: &mut Vec<String>) -> Result<Option<Standardization>> {
        match SCALER.map(|names| self.find(&names)) {
            [Some(mean), Some(scale)] => {
                let (mean, deviation) = (self.floats(mean, notes)?, self.floats(scale, notes)?);
                notes.push("features are standardised by its `mean` and `scale`".to_owned());
                Standardization::new(mean, deviation).map(Some)
            }
            [None, None] => Ok(None),
            [Some(_), None] => bail!("it has means of the features, but no `scale`: both or neither are needed"),
            [None, Some(_)] => bail!("it has scales of the features, but no `mean`: both or neither are needed"),
        }
    }

    /// A head in integers, as `export --int8` writes it.
    fn integers(&mut self, at: usize, scales: usize, options: &Options) -> Result<Found> {
        ensure!(
            options.orientation != Some(Orientation::FeaturesFirst),
            "a head in integers has a row a class: leave --orientation out"
        );
        let shape = self.infos[at].shape.clone();
        let mut notes =
            vec![format!("taken: `{}`, int8, {} classes of {} features", self.infos[at].name, shape[0], shape[1])];
        let scales = self.floats(scales, &mut notes)?;
        let weights = self.bytes(at)?.into_iter().map(u8::cast_signed).collect();
        let bias = self.ints(&["bias"])?;
        let mut meaning = |scale: &str, zero_point: &str| -> Result<Meaning> {
            let place = self.find(&[scale]).with_context(|| format!("there is no `{scale}` beside the integers"))?;
            let scale = self.floats(place, &mut notes)?;
            ensure!(scale.len() == 1, "`{}` has {} numbers, but must have 1", self.infos[place].name, scale.len());
            let zero = self.ints(&[zero_point])?;
            ensure!(zero.len() == 1, "`{zero_point}` has {} numbers, but must have 1", zero.len());
            Meaning::new(scale[0], zero[0])
        };
        let (input, output) =
            (meaning("input_scale", "input_zero_point")?, meaning("output_scale", "output_zero_point")?);
        let integers = Integers::new(weights, scales, bias, shape[1], input, output)?;
        let mut head = integers.to_head()?;
        if let Some(standardization) = self.standardization(&mut notes)? {
            head = head.with_standardization(standardization)?;
        }
        Ok(Found { head, integers: Some(integers), notes })
    }

    fn ints(&mut self, names: &[&str]) -> Result<Vec<i32>> {
        let at = self.find(names).with_context(|| format!("there is no `{}` beside the integers", names[0]))?;
        let info = &self.infos[at];
        ensure!(
            matches!(info.kind, Kind::I8 | Kind::I32),
            "`{}` is of the type {}, but must be int32",
            info.name,
            info.type_name
        );
        let kind = info.kind;
        let bytes = self.bytes(at)?;
        Ok(match kind {
            Kind::I8 => bytes.into_iter().map(|byte| i32::from(byte.cast_signed())).collect(),
            _ => bytes.as_chunks().0.iter().map(|chunk| i32::from_le_bytes(*chunk)).collect(),
        })
    }
}

/// The names of the means and of the deviations of features.
const SCALER: [[&str; 3]; 2] = [["mean", "mean_", "scaler.mean"], ["scale", "scale_", "scaler.scale"]];

/// The meaning of a row of a matrix: said, or told by the length of the bias.
pub(crate) fn orientation(
    name: &str,
    first: usize,
    second: usize,
    bias: Option<usize>,
    said: Option<Orientation>,
) -> Result<Orientation> {
    const BOTH: &str =
        "add --orientation classes-first (PyTorch, scikit-learn) or --orientation features-first (Keras)";
    let orientation = match (said, bias) {
        (Some(said), _) => said,
        (None, _) if first == second => {
            bail!(
                "`{name}` is square, {first} x {second}, so its shape does not tell whether a row is a class or a feature: {BOTH}"
            )
        }
        (None, None) => {
            bail!(
                "`{name}` is {first} x {second} and has no bias, whose length would tell whether a row is a class or a feature: {BOTH}"
            )
        }
        (None, Some(bias)) if bias == first => Orientation::ClassesFirst,
        (None, Some(bias)) if bias == second => Orientation::FeaturesFirst,
        (None, Some(bias)) => {
            bail!(
                "`{name}` is {first} x {second}, but its bias has {bias} numbers: it must have one a class, {first} or {second}"
            )
        }
    };
    let classes = if orientation == Orientation::ClassesFirst { first } else { second };
    if let Some(bias) = bias {
        ensure!(bias == classes, "`{name}` has {classes} classes by --orientation, but its bias has {bias} numbers");
    }
    Ok(orientation)
}

/// The transpose of a matrix with so many columns.
pub(crate) fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| matrix.iter().skip(column).step_by(columns.max(1)).copied()).collect()
}

/// Little-endian numbers of a float type as f32; f64 to the nearest.
pub(crate) fn floats(bytes: &[u8], kind: Kind) -> Vec<f32> {
    match kind {
        Kind::F16 => bytes.as_chunks().0.iter().map(|chunk| numpy_files::half(u16::from_le_bytes(*chunk))).collect(),
        Kind::Bf16 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|chunk| f32::from_bits(u32::from(u16::from_le_bytes(*chunk)) << 16))
            .collect(),
        Kind::F64 => bytes.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk) as f32).collect(),
        _ => bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect(),
    }
}

fn double(bytes: &[u8], index: usize) -> f64 {
    bytes.as_chunks().0.get(index).map_or(f64::NAN, |chunk| f64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_refused_unless_it_is_said_what_a_row_is() {
        let ask =
            |first, second, bias, said| orientation("w", first, second, bias, said).map_err(|error| error.to_string());
        assert_eq!(ask(3, 4, Some(3), None), Ok(Orientation::ClassesFirst));
        assert_eq!(ask(3, 4, Some(4), None), Ok(Orientation::FeaturesFirst));
        assert_eq!(ask(4, 4, Some(4), Some(Orientation::FeaturesFirst)), Ok(Orientation::FeaturesFirst));
        assert!(ask(4, 4, Some(4), None).unwrap_err().contains("is square, 4 x 4"));
        assert!(ask(4, 3, None, None).unwrap_err().contains("add --orientation"));
        assert!(ask(4, 3, Some(5), None).unwrap_err().contains("its bias has 5 numbers"));
        assert!(
            ask(4, 3, Some(3), Some(Orientation::ClassesFirst)).unwrap_err().contains("4 classes by --orientation")
        );
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
