//! Checkpoints: only valid checkpoints are read, with everything that was written; the golden file of each version stays readable.

mod contents;
mod damage;
mod golden;
mod learners;
mod numbers;
mod resumed;
mod sections;

use gradient_decay::{Contents, Error, Saved, checkpoint};

/// Something that is saved and can continue to train.
trait Subject: Saved + Clone {
    /// A new one, with the settings of [`trained`](Self::trained).
    fn fresh() -> Self;
    /// After some training, with something in every part.
    fn trained() -> Self;
    /// After another training, with other numbers in every part; a checkpoint is read into it.
    fn other() -> Self;
    /// Whether everything observable of both is the same.
    fn is_same(&self, other: &Self) -> bool;
    /// Panics if an invariant is violated.
    fn check(&self);
    /// Calls every operation, with any results.
    fn use_up(&mut self);
}

/// A checkpoint of all of it.
fn written<T: Saved>(saved: &T) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(saved, Contents::ALL)];
    assert_eq!(checkpoint::write(saved, Contents::ALL, &mut bytes), Ok(bytes.len()));
    bytes
}

/// Reads into a learner that has something in every part, which must not change if the bytes are refused.
fn read<T: Subject>(bytes: &[u8]) -> Result<T, Error> {
    read_into(&T::other(), bytes)
}

/// Reads into a copy of `before`.
fn read_into<T: Subject>(before: &T, bytes: &[u8]) -> Result<T, Error> {
    let mut saved = before.clone();
    let result = checkpoint::read(bytes, &mut saved);
    if result.is_err() {
        assert!(saved.is_same(before), "{result:?} changed something");
        assert_eq!(written(&saved), written(before), "{result:?} changed something");
    }
    result.map(|()| saved)
}
