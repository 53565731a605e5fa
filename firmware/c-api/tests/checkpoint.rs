//! Checkpoints go between C and Rust.

use gradient_decay::{Calibration, Contents, Learner, LinearHead, Parts, Readout, State, checkpoint};
use gradient_decay_c::*;

/// Written by the first version: 3 classes of 2 features.
const V1: &[u8] = include_bytes!("../../../tests/golden/checkpoint-v1.bin");

/// A trainer's counterpart in Rust.
type Mine = Learner<LinearHead<2, 2>, Parts<(), (), (), Calibration<10>, Readout>>;

fn mine() -> Mine {
    let (calibration, readout) = (Calibration::new(), Readout::new());
    Learner::new(LinearHead::new(), Parts { preprocess: (), memory: (), guard: (), calibration, readout })
}

/// A trainer of so many classes of 2 features over its parameters.
fn trainer(parameters: *mut f32, classes: u16) -> gd_trainer {
    // SAFETY: a trainer is an array of numbers.
    let mut trainer = unsafe { std::mem::zeroed() };
    // SAFETY: the pointers are to what the function asks for.
    unsafe {
        assert_eq!(gd_init(&mut trainer, parameters, usize::from(classes) * 3, classes, 2), GD_OK);
        assert_eq!(gd_calibrate(&mut trainer), GD_OK);
    }
    trainer
}

fn write(trainer: &mut gd_trainer, bytes: &mut [u8]) -> gd_status {
    // SAFETY: the trainer was initialised, over parameters that are still there.
    unsafe { gd_checkpoint_write(trainer, bytes.as_mut_ptr(), bytes.len()) }
}

fn read(trainer: &mut gd_trainer, bytes: &[u8]) -> gd_status {
    // SAFETY: as above.
    unsafe { gd_checkpoint_read(trainer, bytes.as_ptr(), bytes.len()) }
}

fn steps(trainer: &mut gd_trainer) -> u32 {
    let mut steps = 0;
    // SAFETY: as above.
    assert_eq!(unsafe { gd_get_steps(trainer, &mut steps) }, GD_OK);
    steps
}

/// The samples counted.
fn counted(trainer: &mut gd_trainer) -> u32 {
    let mut found = gd_calibration::default();
    // SAFETY: as above.
    match unsafe { gd_get_calibration(trainer, &mut found) } {
        GD_OK => found.count,
        status => {
            assert_eq!(status, GD_ERROR_EMPTY);
            0
        }
    }
}

fn learn(trainer: &mut gd_trainer, classes: usize, class: u32) -> gd_status {
    let mut scratch = vec![0.0; 2 * classes];
    let (x, pointer, count) = ([1.0_f32, -1.0], scratch.as_mut_ptr(), scratch.len());
    // SAFETY: as above.
    unsafe { gd_learn(trainer, x.as_ptr(), 2, class, pointer, count) }
}

fn predict(trainer: &mut gd_trainer, probabilities: &mut [f32]) -> (gd_status, gd_prediction) {
    let (x, mut prediction) = ([1.0_f32, -1.0], gd_prediction::default());
    let (pointer, count) = (probabilities.as_mut_ptr(), probabilities.len());
    // SAFETY: as above.
    let status = unsafe { gd_predict(trainer, x.as_ptr(), 2, pointer, count, &mut prediction) };
    (status, prediction)
}

#[test]
fn a_checkpoint_of_nan_parameters_is_refused() {
    let mut parameters = [0.5_f32; 6];
    let pointer = parameters.as_mut_ptr();
    let mut trainer = trainer(pointer, 2);
    let mut bytes = vec![7; gd_checkpoint_size(2, 2)];
    for (index, value) in [(0, f32::NAN), (5, f32::INFINITY)] {
        // SAFETY: it is one of the six.
        unsafe { pointer.add(index).write(value) };
        assert_eq!(write(&mut trainer, &mut bytes), GD_ERROR_NOT_FINITE);
        assert!(bytes.iter().all(|byte| *byte == 7), "nothing is written");
        // SAFETY: as above.
        unsafe { pointer.add(index).write(0.5) };
    }
    assert_eq!(write(&mut trainer, &mut bytes), GD_OK);
}

#[test]
fn a_checkpoint_goes_to_rust_and_back() {
    let mut parameters = [0.5_f32; 6];
    let mut trainer = trainer(parameters.as_mut_ptr(), 2);
    let mut bytes = vec![0; gd_checkpoint_size(2, 2)];
    assert_eq!(bytes.len(), 6 * 4 + GD_CHECKPOINT_EXTRA_BYTES);
    // SAFETY: the trainer was initialised.
    unsafe {
        assert_eq!((gd_set_steps(&mut trainer, 9), gd_set_readout(&mut trainer, 2.0, 0.25)), (GD_OK, GD_OK));
        assert_eq!(gd_record(&mut trainer, [0.75, 0.25].as_ptr(), 2, 0), GD_OK);
    }
    let short = bytes.len() - 1;
    assert_eq!(write(&mut trainer, &mut bytes[..short]), GD_ERROR_SHORT);
    assert_eq!(write(&mut trainer, &mut bytes), GD_OK);
    let mut learner = mine();
    checkpoint::read(&bytes, &mut learner).unwrap();
    let readout = learner.parts().readout;
    assert_eq!((learner.steps(), readout.temperature(), readout.threshold()), (9, 2.0, 0.25));
    let mut head = LinearHead::new();
    head.import(&[0.5; 6]).unwrap();
    assert_eq!(learner.head(), &head);
    let mut written = vec![0; bytes.len()];
    checkpoint::write(&learner, Contents::ALL.without_calibration(), &mut written).unwrap();
    assert_eq!(written, bytes);

    learner.replace(3, |head| head.import(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).unwrap();
    // With a calibration, which is left where it is, and bytes behind it.
    let mut bytes = [1; 500];
    checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();
    assert_eq!(counted(&mut trainer), 1);
    assert_eq!(read(&mut trainer, &bytes), GD_OK);
    assert_eq!((parameters, steps(&mut trainer), counted(&mut trainer)), ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 0));
}

#[test]
fn version_1_is_read() {
    let mut parameters = [0.5_f32; 9];
    let mut trainer = trainer(parameters.as_mut_ptr(), 3);
    assert_eq!(learn(&mut trainer, 3, 2), GD_OK);
    assert_eq!(counted(&mut trainer), 1);
    assert_eq!(read(&mut trainer, V1), GD_OK);
    let (mut head, mut state, mut readout) = (LinearHead::<3, 2>::new(), State::with_work(()), Readout::new());
    checkpoint::read(V1, &mut head).unwrap();
    checkpoint::read(V1, &mut state).unwrap();
    checkpoint::read(V1, &mut readout).unwrap();
    let mut expected = [0.0; 9];
    head.export(&mut expected).unwrap();
    assert_eq!(parameters, expected);
    // Its calibration was of the head before.
    assert_eq!((state.steps(), steps(&mut trainer), counted(&mut trainer)), (7, 7, 0));
    // The read-out came along: temperature 1.75, threshold 0.625.
    let mut probabilities = [0.0; 3];
    let (status, prediction) = predict(&mut trainer, &mut probabilities);
    assert_eq!((status, prediction.known), (GD_OK, prediction.probability >= readout.threshold()));
    assert_eq!((readout.temperature(), readout.threshold()), (1.75, 0.625));
    let mut logits = [0.0; 3];
    head.logits(&[1.0, -1.0], &mut logits).unwrap();
    readout.answer_logits(&mut logits).unwrap();
    assert_eq!(probabilities, logits);
}

#[test]
fn classes_that_are_not_in_use_stay_so() {
    let mut learner = mine();
    learner.replace(0, |head| head.import(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).unwrap();
    learner.remove_class(0).unwrap();
    let mut bytes = [0; 500];
    checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();
    let mut parameters = [0.5_f32; 6];
    let mut trainer = trainer(parameters.as_mut_ptr(), 2);
    assert_eq!(read(&mut trainer, &bytes), GD_OK);
    assert_eq!(parameters, [3.0, 4.0, 0.0, 0.0, 6.0, 0.0]);
    let mut probabilities = [9.0; 2];
    let (status, prediction) = predict(&mut trainer, &mut probabilities);
    assert_eq!((status, prediction.class_index, prediction.probability), (GD_OK, 0, 1.0));
    assert_eq!(probabilities, [1.0, 0.0]);
    assert_eq!((learn(&mut trainer, 2, 1), learn(&mut trainer, 2, 0)), (GD_ERROR_CLASS, GD_OK));
    assert_eq!(parameters, [3.0, 4.0, 0.0, 0.0, 6.0, 0.0]);

    // Written again they are as they were.
    assert_eq!(write(&mut trainer, &mut bytes), GD_OK);
    checkpoint::read(&bytes, &mut learner).unwrap();
    assert_eq!(learner.classes(), 1);

    learner.remove_class(0).unwrap();
    checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();
    assert_eq!(read(&mut trainer, &bytes), GD_OK);
    assert_eq!(predict(&mut trainer, &mut probabilities).0, GD_ERROR_NO_CLASSES);
    assert_eq!(learn(&mut trainer, 2, 0), GD_ERROR_CLASS);
    let mut trainer = self::trainer(parameters.as_mut_ptr(), 2);
    assert_eq!(learn(&mut trainer, 2, 1), GD_OK, "gd_init takes all into use");
}

#[test]
fn another_head_s_and_damaged_ones_are_refused() {
    let mut parameters = [0.25_f32; 6];
    let mut trainer = trainer(parameters.as_mut_ptr(), 2);
    assert_eq!(learn(&mut trainer, 2, 1), GD_OK);
    let before = parameters;
    let mut bytes = vec![0; gd_checkpoint_size(2, 2)];
    assert_eq!(write(&mut trainer, &mut bytes), GD_OK);
    for (index, _) in bytes.iter().enumerate() {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1;
        assert_eq!(read(&mut trainer, &bytes), GD_ERROR_CHECKPOINT, "byte {index}");
        assert_eq!(read(&mut trainer, &bytes[..index]), GD_ERROR_CHECKPOINT, "cut at {index}");
    }
    let mut other = [0; 2000];
    let larger = checkpoint::write(&LinearHead::<3, 2>::new(), Contents::ALL, &mut other).unwrap();
    assert_eq!(read(&mut trainer, &other[..larger]), GD_ERROR_CHECKPOINT);
    let wider = checkpoint::write(&LinearHead::<2, 3>::new(), Contents::ALL, &mut other).unwrap();
    assert_eq!(read(&mut trainer, &other[..wider]), GD_ERROR_CHECKPOINT);
    assert_eq!((parameters, steps(&mut trainer), counted(&mut trainer)), (before, 1, 1));
}

#[test]
fn the_size_of_no_shape_overflows() {
    assert_eq!(gd_checkpoint_size(u16::MAX, u16::MAX), 4 * 65_535 * 65_536 + GD_CHECKPOINT_EXTRA_BYTES);
}
