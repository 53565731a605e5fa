//! The files of Hugging Face's safetensors.

use std::borrow::Cow;

use anyhow::{Context, Result};
use safetensors::{Dtype, SafeTensors, View};

use crate::arrays::{Arrays, Info, Kind};
use crate::format::{Array, Options};
use crate::head::Found;

/// The head among the tensors of a file.
pub(crate) fn head(bytes: &[u8], options: &Options) -> Result<Found> {
    let tensors = SafeTensors::deserialize(bytes).context("it is no whole .safetensors file")?;
    let mut all = tensors.tensors();
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    let info = |(name, tensor): &(String, safetensors::tensor::TensorView<'_>)| {
        let (kind, type_name) = match tensor.dtype() {
            Dtype::F16 => (Kind::F16, "float16".to_owned()),
            Dtype::BF16 => (Kind::Bf16, "bfloat16".to_owned()),
            Dtype::F32 => (Kind::F32, "float32".to_owned()),
            Dtype::F64 => (Kind::F64, "float64".to_owned()),
            Dtype::I8 => (Kind::I8, "int8".to_owned()),
            Dtype::I32 => (Kind::I32, "int32".to_owned()),
            other => (Kind::Other, format!("{other:?}")),
        };
        Info { name: name.clone(), shape: tensor.shape().to_vec(), kind, type_name }
    };
    Arrays { infos: all.iter().map(info).collect(), read: &mut |at| Ok(all[at].1.data().to_vec()) }.head(options)
}

/// A file of arrays.
pub(crate) fn write(arrays: &[Array]) -> Result<Vec<u8>> {
    Ok(safetensors::serialize(arrays.iter().map(|array| (array.name, array)), None)?)
}

impl View for &Array {
    fn dtype(&self) -> Dtype {
        self.elements.safetensors()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.elements.bytes().into()
    }

    fn data_len(&self) -> usize {
        self.elements.bytes().len()
    }
}
