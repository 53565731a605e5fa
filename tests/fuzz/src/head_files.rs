//! Files with heads.

use head_files::checkpoint::{self, Content};
use head_files::{Format, Found, Options, Orientation, Source, write};

/// The first byte selects the format and the options. Whatever the file holds, it is read or refused; a head that was read is written in
/// every format, and read back with the same bits.
pub fn head_files(bytes: &[u8]) {
    let Some((kind, file)) = bytes.split_first() else { return };
    let options = Options {
        layer: (kind / 64 == 1).then(|| "head".to_owned()),
        orientation: (kind / 64 == 2).then_some(Orientation::FeaturesFirst),
        classes: Some(usize::from(kind / 64) + 1),
        bias: (kind / 64 == 3).then(|| file.to_vec()),
    };
    let format = match kind % 8 {
        0 => Format::Npy,
        1 => Format::Npz,
        2 => Format::Safetensors,
        3 => Format::Onnx,
        4 => Format::Tflite,
        5 => Format::Parameters,
        6 => return content(file),
        _ => return,
    };
    if let Ok(found) = format.head(file, &options) {
        again(&found);
    }
}

fn content(file: &[u8]) {
    match checkpoint::read(file) {
        Ok(Content::Head(found)) => again(&found),
        Ok(Content::Prior(prior)) => {
            for format in [Format::Npz, Format::Safetensors, Format::Rust, Format::C] {
                write(Source::Prior(&prior), format, "").expect("it is sound");
            }
        }
        Err(_) => {}
    }
}

fn again(found: &Found) {
    let bits = |found: &Found| found.head.parameters().iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    for format in [Format::Checkpoint, Format::Npz, Format::Safetensors] {
        let bytes = write(Source::Head(&found.head), format, "").expect("it is sound");
        let read = format.head(&bytes, &Options::default()).expect("it was just written");
        assert_eq!(bits(&read), bits(found));
    }
    if let Some(integers) = &found.integers {
        let bytes = write(Source::Integers(integers, None), Format::Npz, "").expect("it is sound");
        let read = Format::Npz.head(&bytes, &Options::default()).expect("it was just written");
        assert_eq!(read.integers.as_ref(), Some(integers));
    }
}
