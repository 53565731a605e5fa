//! Every head alone: inference, steps with every kind of label, classes added and removed, checkpoints.

use core::hint::black_box;

use gradient_decay::quantized::{Quantization, quantize_row, requantize};
use gradient_decay::storage::Empty;
use gradient_decay::{
    Classes, Contents, Error, FineTuner, FixedHead, FixedSettings, FixedView, Head, LinearHead, LinearView, Math,
    MlpHead, MomentumHead, MomentumMlpHead, Number, PairView, QuantizedHead, Readout, Saved, Sgd, State, Step, Target,
    Train, checkpoint,
};

use crate::{fixed_settings, options, settings};

pub fn all<M: Math>() -> Result<(), Error> {
    // Whole and broken blocks of classes and of features, and the smallest there is.
    shape::<10, 64, M>(black_box(&[0.0; 64]))?;
    shape::<7, 13, M>(black_box(&[0.0; 13]))?;
    shape::<1, 1, M>(black_box(&[0.0; 1]))?;
    shape::<3, 2, M>(black_box(&[0.0; 2]))?;
    shape::<12, 65, M>(black_box(&[0.0; 65]))?;
    view::<M>(
        black_box([0.0].as_mut_slice()),
        black_box(&[0.0]),
        black_box([0.0].as_mut_slice()),
        black_box([0.0].as_mut_slice()),
    )?;
    integers::<M>(
        black_box([0].as_mut_slice()),
        black_box([0].as_mut_slice()),
        black_box(&[0]),
        black_box([0].as_mut_slice()),
        black_box([0.0].as_mut_slice()),
    )
}

fn shape<const CLASSES: usize, const FEATURES: usize, M: Math>(features: &[f32; FEATURES]) -> Result<(), Error> {
    let tuner = settings(black_box(0.1), black_box(3))?;
    let mut numbers = black_box([0.0; 5]);
    let numbers = black_box(numbers.as_mut_slice());

    let mut light: LinearHead<CLASSES, FEATURES, M> = LinearHead::from_le_bytes(black_box(&[0]))?;
    let weights = black_box([[0.5; FEATURES]; CLASSES]);
    black_box(LinearHead::<CLASSES, FEATURES, M>::from_rows(&weights, black_box(&[0.0; CLASSES]))?);
    light.logits(features, black_box(&mut [0.0; CLASSES]))?;
    black_box((light.predict(features)?, light.check()?));
    light.export(numbers)?;
    light.import(numbers)?;
    light.truncate(black_box(2))?;
    soft(&mut light, &tuner, features)?;
    head(&mut light, &tuner, features)?;

    let mut heavy: MomentumHead<CLASSES, FEATURES, M> = MomentumHead::new();
    heavy.import_velocity(numbers)?;
    heavy.export_velocity(numbers)?;
    soft(&mut heavy, &tuner, features)?;
    head(&mut heavy, &tuner, features)?;

    let mut mlp: MlpHead<CLASSES, 7, FEATURES, M> = MlpHead::new();
    mlp.initialise(black_box(4));
    mlp.import_hidden(numbers)?;
    mlp.import_output(numbers)?;
    mlp.truncate(black_box(2))?;
    mlp.logits(features, black_box(&mut [0.0; CLASSES]))?;
    black_box((mlp.predict(features)?, mlp.hidden(), mlp.output()));
    head(&mut mlp, &tuner, features)?;
    let mut mlp: MomentumMlpHead<CLASSES, 7, FEATURES, M> = MomentumMlpHead::new();
    soft(&mut mlp, &tuner, features)?;
    head(&mut mlp, &tuner, features)?;

    let scale = Quantization::try_new(black_box(0.1), black_box(3))?;
    black_box(quantize_row(features, 0.5, scale, scale, black_box([0; FEATURES].as_mut_slice())));
    let weights = black_box([[1; FEATURES]; CLASSES]);
    black_box(QuantizedHead::<CLASSES, FEATURES, M>::from_rows(
        weights,
        [0; CLASSES],
        black_box(&[1.0; CLASSES]),
        scale,
        scale,
    )?);
    let small = QuantizedHead::new(&light, scale, scale)?;
    let bytes = features.map(|x| small.input().quantize(x));
    black_box((small.logits(&bytes), small.predict(&bytes)?, small.output().dequantize(black_box(5))));
    answer(&small, &bytes)?;
    black_box(requantize(black_box(5), black_box(6), black_box(-7)));

    let mut fixed: FixedHead<CLASSES, FEATURES, M> = FixedHead::from_head(&light, black_box(5), black_box(1));
    let bytes = fixed.quantize(features);
    fixed.truncate(black_box(2))?;
    black_box((fixed.to_head(), fixed.logits(&bytes), fixed.predict(&bytes)?, fixed.exponent()));
    let settings = integer_settings(black_box(655), black_box(-5))?;
    black_box(fixed.learn(&settings, &mut State::new(), &bytes, black_box(1))?);
    fixed.import(numbers)?;
    fixed.export(numbers)?;
    black_box(fixed.probabilities(&bytes, black_box([0].as_mut_slice()))?);
    head(&mut fixed, &fixed_settings(black_box(0.1))?, &bytes)
}

fn integer_settings(rate: u32, ln_beta: i32) -> Result<FixedSettings, Error> {
    let settings = FixedSettings::try_new(rate)?.try_with_ln_beta(ln_beta, black_box(7), black_box(9))?;
    black_box((settings.rate(), settings.ln_beta(black_box(3))));
    Ok(settings)
}

/// All that works with every head.
fn head<H>(head: &mut H, tuner: &FineTuner<H::Optimizer>, features: &H::Features) -> Result<(), Error>
where
    H: Train<Work: Empty> + Classes + Saved,
{
    let mut state = State::new();
    state.set_steps(black_box(5));
    reported(&tuner.step(head, &mut state, features, black_box(1))?);
    black_box(state.steps());
    answer(head, features)?;
    black_box(head.add_class()?);
    head.remove_class(black_box(1))?;
    let mut bytes = [0; 64];
    black_box(checkpoint::size(head, Contents::ALL));
    checkpoint::write(head, Contents::ALL.without_velocity(), black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), head)
}

fn answer<H: Head>(head: &H, features: &H::Features) -> Result<(), Error> {
    let mut logits = [H::Number::default(); 12];
    let logits = logits.get_mut(..head.room()).unwrap_or_default();
    head.logits(features, logits)?;
    let readout = Readout::new().try_with_temperature(black_box(2.0))?.try_with_threshold(black_box(0.5))?;
    black_box((readout.answer(head, features, logits)?, head.classes()));
    Ok(())
}

/// Labels that are more than a class, which heads in float take.
fn soft<H>(head: &mut H, tuner: &FineTuner<Sgd>, features: &H::Features) -> Result<(), Error>
where
    H: Train<Optimizer = Sgd, Number = f32, Work: Empty>,
{
    let options = options(black_box(0.1), black_box(&[1.0]))?;
    for target in [Target::Class(black_box(1)), Target::Distribution(black_box(&[0.5, 0.5]))] {
        reported(&tuner.step(head, &mut State::new(), features, target.with(&options))?);
    }
    Ok(())
}

fn reported<N: Number>(step: &Step<'_, N>) {
    black_box((step.loss(), step.beta(), step.class(), step.learned(), step.prediction()));
    black_box(step.probability(black_box(1)) + step.probabilities().sum::<f32>());
}

fn view<M: Math>(
    parameters: &mut [f32],
    features: &[f32],
    scratch: &mut [f32],
    velocity: &mut [f32],
) -> Result<(), Error> {
    let tuner = settings(black_box(0.1), black_box(3))?;
    let mut bound = 0.0;
    let head: LinearView<'_, M> = LinearView::with_math(parameters, black_box(2), black_box(3))?;
    let mut head = head.with_classes(black_box(1))?.with_velocity(velocity, &mut bound)?;
    head.check()?;
    head.logits(features, scratch)?;
    black_box((head.predict(features, scratch)?, head.classes(), head.room(), head.features()));
    head.truncate(black_box(2))?;
    head.add_class()?;
    head.remove_class(black_box(1))?;
    let mut state = State::with_work(PairView::new(scratch, black_box(2))?);
    reported(&tuner.step(&mut head, &mut state, features, black_box(1))?);
    let mut bytes = [0; 64];
    checkpoint::write(&head, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut head)
}

fn integers<M: Math>(
    weights: &mut [i16],
    bias: &mut [i32],
    features: &[i8],
    scratch: &mut [i32],
    floats: &mut [f32],
) -> Result<(), Error> {
    let head: FixedView<'_, M> = FixedView::with_math(weights, bias, black_box(3), black_box(5), black_box(1))?;
    let mut head = head.with_classes(black_box(1))?.with_random(black_box(3));
    head.quantize(floats, black_box([0].as_mut_slice()))?;
    head.import(floats)?;
    head.export(floats)?;
    head.logits(features, scratch)?;
    black_box((head.probabilities(features, scratch)?, head.classes(), head.room(), head.features(), head.random()));
    head.truncate(black_box(2))?;
    head.add_class()?;
    head.remove_class(black_box(1))?;
    let mut state = State::with_work(PairView::new(scratch, black_box(2))?);
    black_box(head.learn(&integer_settings(black_box(9), black_box(8))?, &mut state, features, black_box(1))?);
    reported(&fixed_settings(black_box(0.1))?.step(&mut head, &mut state, features, black_box(1))?);
    let mut bytes = [0; 64];
    checkpoint::write(&head, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut head)
}
