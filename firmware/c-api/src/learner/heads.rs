//! A learner of each kind of head.

use gradient_decay::checkpoint::{Reader, Writer};
use gradient_decay::learn::{LearnFrom, Unlearn};
use gradient_decay::replay::Slots;
use gradient_decay::{
    Answer, Classes, DiscriminantView, Error, Head, Learn, Learner, Libm, LinearView, Neighbours, Saved, StreamingLda,
};

use super::parts::AllParts;
use super::trained::Mixed;
use crate::learn::gd_step;
use crate::status::*;

/// A head with its settings and all parts.
pub(crate) struct Teaching<H: Learn> {
    pub(crate) learner: Learner<H, AllParts>,
    pub(crate) settings: H::Settings,
}

/// A learner whose head is known at run time. Whatever is one head's alone it does by its own type, so that it is linked only where it is
/// called.
pub(crate) trait Whole {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<gd_step, Error>;
    fn answer(&mut self, features: &[f32], probabilities: Option<&mut [f32]>) -> Result<Answer, Error>;
    fn observe(&mut self, features: &[f32]) -> Result<(), Error>;
    fn rehearse(&mut self, count: u32) -> Result<u32, gd_status>;
    fn forget(&mut self);
    fn classes(&self) -> usize;
    fn steps(&self) -> u32;
    fn set_steps(&mut self, steps: u32);
    fn parts(&self) -> &AllParts;
    fn parts_mut(&mut self) -> &mut AllParts;
    /// The logits of features as the head sees them.
    fn logits(&self, features: &[f32], logits: &mut [f32]) -> Result<(), Error>;
    fn knows(&self, class: usize) -> bool;
    fn room(&self) -> usize;
    fn write(&self, to: &mut Writer<'_>);
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error>;
    fn discriminant(&mut self) -> Option<&mut Teaching<DiscriminantView<'static>>>;
    fn linear(&mut self) -> Option<&mut Teaching<LinearView<'static>>>;
    fn composed(&mut self) -> Option<&mut dyn Composed>;
}

/// The other calls of a discriminant with a trained head or neighbours, behind a pointer of its own: they are linked with such a head alone,
/// and then whether or not they are called.
pub(crate) trait Composed {
    fn set(&mut self, lda: StreamingLda);
    fn unlearn(&mut self, features: &[f32], class: usize) -> Result<(), gd_status>;
    fn discount(&mut self, samples: f32, most: u32) -> Result<(), gd_status>;
    fn add_class(&mut self) -> Result<usize, gd_status>;
    fn remove_class(&mut self, class: usize) -> Result<(), gd_status>;
}

/// The operations of a learner that depend on its head.
pub(crate) trait Kind:
    LearnFrom<usize, Features = [f32], Number = f32> + Classes + Saved + Sized + 'static
{
    fn rehearse(_: &mut Teaching<Self>, _: u32) -> Result<u32, gd_status> {
        Err(GD_ERROR_PART)
    }

    fn discriminant(_: &mut Teaching<Self>) -> Option<&mut Teaching<DiscriminantView<'static>>> {
        None
    }

    fn linear(_: &mut Teaching<Self>) -> Option<&mut Teaching<LinearView<'static>>> {
        None
    }

    fn composed(_: &mut Teaching<Self>) -> Option<&mut dyn Composed> {
        None
    }
}

impl Kind for DiscriminantView<'static> {
    fn discriminant(teaching: &mut Teaching<Self>) -> Option<&mut Teaching<Self>> {
        Some(teaching)
    }
}

impl Kind for LinearView<'static> {
    fn rehearse(teaching: &mut Teaching<Self>, count: u32) -> Result<u32, gd_status> {
        Ok(teaching.learner.rehearse(&teaching.settings, count))
    }

    fn linear(teaching: &mut Teaching<Self>) -> Option<&mut Teaching<Self>> {
        Some(teaching)
    }
}

/// A head that learns as a discriminant does, which can keep what it has learned with less weight.
pub(crate) trait Discount: Unlearn + Learn<Settings = StreamingLda> {
    fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error>;
}

impl Discount for DiscriminantView<'static> {
    fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error> {
        Self::discount(self, samples, most)
    }
}

impl Discount for Mixed {
    fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error> {
        Self::discount(self, samples, most)
    }
}

impl<B: Discount, S: Slots> Discount for Neighbours<B, S>
where
    Self: Unlearn + Learn<Settings = StreamingLda>,
{
    fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error> {
        self.replace_base(|base| base.discount(samples, most))
    }
}

impl Kind for Mixed {
    fn composed(teaching: &mut Teaching<Self>) -> Option<&mut dyn Composed> {
        Some(teaching)
    }
}

impl<B: Discount + 'static, S: Slots + 'static> Kind for Neighbours<B, S>
where
    Self: LearnFrom<usize, Features = [f32], Number = f32, Settings = StreamingLda> + Classes + Saved + Unlearn,
{
    fn composed(teaching: &mut Teaching<Self>) -> Option<&mut dyn Composed> {
        Some(teaching)
    }
}

impl<H: Kind + Discount> Composed for Teaching<H> {
    fn set(&mut self, lda: StreamingLda) {
        self.settings = lda;
    }

    fn unlearn(&mut self, features: &[f32], class: usize) -> Result<(), gd_status> {
        self.learner.unlearn(&self.settings, features, class).map_err(status)
    }

    fn discount(&mut self, samples: f32, most: u32) -> Result<(), gd_status> {
        let steps = self.learner.steps();
        self.learner.replace(steps, |head| head.discount(samples, most)).map_err(status)
    }

    fn add_class(&mut self) -> Result<usize, gd_status> {
        self.learner.add_class().map_err(status)
    }

    fn remove_class(&mut self, class: usize) -> Result<(), gd_status> {
        self.learner.remove_class(class).map_err(status)
    }
}

impl<H: Kind> Whole for Teaching<H> {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<gd_step, Error> {
        Ok(gd_step::from(&self.learner.learn(&self.settings, features, class)?))
    }

    fn answer(&mut self, features: &[f32], probabilities: Option<&mut [f32]>) -> Result<Answer, Error> {
        match probabilities {
            Some(probabilities) => self.learner.probabilities(features, probabilities),
            None => self.learner.answer(features),
        }
    }

    fn observe(&mut self, features: &[f32]) -> Result<(), Error> {
        self.learner.observe(features)
    }

    fn rehearse(&mut self, count: u32) -> Result<u32, gd_status> {
        H::rehearse(self, count)
    }

    fn forget(&mut self) {
        self.learner.forget();
    }

    fn classes(&self) -> usize {
        self.learner.classes()
    }

    fn steps(&self) -> u32 {
        self.learner.steps()
    }

    fn set_steps(&mut self, steps: u32) {
        self.learner.set_steps(steps);
    }

    fn parts(&self) -> &AllParts {
        self.learner.parts()
    }

    fn parts_mut(&mut self) -> &mut AllParts {
        self.learner.parts_mut()
    }

    fn logits(&self, features: &[f32], logits: &mut [f32]) -> Result<(), Error> {
        self.learner.head().logits(features, logits)
    }

    fn knows(&self, class: usize) -> bool {
        self.learner.head().knows(class)
    }

    fn room(&self) -> usize {
        self.learner.head().room()
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.learner.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.learner.read(from)
    }

    fn discriminant(&mut self) -> Option<&mut Teaching<DiscriminantView<'static>>> {
        H::discriminant(self)
    }

    fn linear(&mut self) -> Option<&mut Teaching<LinearView<'static>>> {
        H::linear(self)
    }

    fn composed(&mut self) -> Option<&mut dyn Composed> {
        H::composed(self)
    }
}

/// Takes one more class into use.
pub(crate) fn add_class(whole: &mut dyn Whole) -> Result<usize, gd_status> {
    if let Some(composed) = whole.composed() {
        return composed.add_class();
    }
    match whole.discriminant() {
        Some(teaching) => teaching.learner.add_class(),
        None => whole.linear().ok_or(GD_ERROR_PART)?.learner.add_class(),
    }
    .map_err(status)
}

/// Removes a class from every part.
pub(crate) fn remove_class(whole: &mut dyn Whole, class: usize) -> Result<(), gd_status> {
    if let Some(composed) = whole.composed() {
        return composed.remove_class(class);
    }
    match whole.discriminant() {
        Some(teaching) => teaching.learner.remove_class(class),
        None => whole.linear().ok_or(GD_ERROR_PART)?.learner.remove_class(class),
    }
    .map_err(status)
}

/// Takes a sample back.
pub(crate) fn unlearn(whole: &mut dyn Whole, features: &[f32], class: usize) -> Result<(), gd_status> {
    if let Some(composed) = whole.composed() {
        return composed.unlearn(features, class);
    }
    let Teaching { learner, settings } = whole.discriminant().ok_or(GD_ERROR_PART)?;
    learner.unlearn(settings, features, class).map_err(status)
}

/// Keeps what a discriminant has learned with less weight.
pub(crate) fn discount(whole: &mut dyn Whole, samples: f32, most: u32) -> Result<(), gd_status> {
    if let Some(composed) = whole.composed() {
        return composed.discount(samples, most);
    }
    let learner = &mut whole.discriminant().ok_or(GD_ERROR_PART)?.learner;
    let steps = learner.steps();
    learner.replace(steps, |head| head.discount(samples, most)).map_err(status)
}

/// Sets how a discriminant learns.
pub(crate) fn set_lda(whole: &mut dyn Whole, lda: StreamingLda) -> Result<(), gd_status> {
    match whole.composed() {
        Some(composed) => composed.set(lda),
        None => whole.discriminant().ok_or(GD_ERROR_PART)?.settings = lda,
    }
    Ok(())
}

/// The logits of a learner's head, for what measures heads.
pub(crate) struct Measured<'a>(pub(crate) &'a dyn Whole);

impl Head for Measured<'_> {
    type Features = [f32];
    type Number = f32;
    type Math = Libm;

    fn room(&self) -> usize {
        self.0.room()
    }

    fn classes(&self) -> usize {
        self.0.classes()
    }

    fn knows(&self, class: usize) -> bool {
        self.0.knows(class)
    }

    fn logits(&self, features: &[f32], logits: &mut [f32]) -> Result<(), Error> {
        self.0.logits(features, logits)
    }
}
