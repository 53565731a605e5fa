//! The update of a head with one hidden layer: the gradient goes back through both layers.

use crate::error::Error;
use crate::heads::head::Head;
use crate::heads::mlp::{MlpHead, MlpWork};
use crate::heads::storage::{StoredVelocity, Work};
use crate::numeric::kernels;
use crate::numeric::math::Math;
use crate::training::linear::{check, clip, norm, write};
use crate::training::sgd::Sgd;
use crate::training::train::Train;

/// No gradient of a layer's weights is stored: the work space is two arrays of `HIDDEN` numbers and two of `CLASSES`.
impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M: Math, V: StoredVelocity, W: StoredVelocity>
    Train for MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    type Optimizer = Sgd;
    type Work = MlpWork<CLASSES, HIDDEN>;

    fn forward(&self, features: &[f32; FEATURES], work: &mut Self::Work) -> Result<(), Error> {
        self.units(features, &mut work.units)?;
        Head::logits(&self.output, &work.units, &mut work.pair.seen)
    }

    fn apply(
        &mut self,
        sgd: &Sgd,
        features: &[f32; FEATURES],
        work: &mut Self::Work,
        largest: f32,
    ) -> Result<(), Error> {
        let MlpWork { pair, units, unit_gradient } = work;
        let (_, gradient) = pair.pair();
        // Backward through the weights before they change: the gradient of unit j is sum_k g_k w_kj if the unit is active, otherwise 0.
        unit_gradient.fill(0.0);
        for (row, g) in self.output.storage.weights.iter().zip(&*gradient) {
            kernels::update(unit_gradient, 1.0, -g, row);
        }
        let mut largest_unit = 0.0;
        for (d, unit) in unit_gradient.iter_mut().zip(&*units) {
            *d = if *unit > 0.0 { *d } else { 0.0 };
            largest_unit = if d.abs() > largest_unit { d.abs() } else { largest_unit };
        }
        let magnitudes = [kernels::sum_of_magnitudes(features) + 1.0, kernels::sum_of_magnitudes(units) + 1.0];
        let slopes = [magnitudes[0] * largest_unit, magnitudes[1] * largest];
        // The checks below assume that the gradient of every unit is finite.
        if !unit_gradient.iter().sum::<f32>().is_finite() || !slopes[0].is_finite() {
            return Err(Error::UpdateTooLarge);
        }
        if let Some(clip_norm) = sgd.clip_norm() {
            let norms = [norm::<M>(unit_gradient, features, magnitudes[0]), norm::<M>(gradient, units, magnitudes[1])];
            // The norm of both, computed so that no square overflows.
            let (more, less) = if norms[0] > norms[1] { (norms[0], norms[1]) } else { (norms[1], norms[0]) };
            let norm = if more > 0.0 { more * M::sqrt(1.0 + (less / more) * (less / more)) } else { 0.0 };
            clip(gradient, norm, clip_norm);
            clip(unit_gradient, norm, clip_norm);
        }
        let (hidden, output) = (&mut self.hidden.storage, &mut self.output.storage);
        let bounds = [check(sgd, hidden, slopes[0])?, check(sgd, output, slopes[1])?];
        write(sgd, hidden, unit_gradient, features, bounds[0]);
        write(sgd, output, gradient, units, bounds[1]);
        Ok(())
    }
}
