//! The storage of a dense layer's numbers: owned arrays, or the caller's slices. The code that uses them is the same for both.

use crate::error::{Error, Slice, check_length};
use crate::heads::number::Number;
use crate::numeric::kernels;

/// The storage of a dense layer that can be read: [`Owned`], [`View`], or [`ReadView`].
///
/// The storage calls the kernels, since it knows whether the length of a row is known at compile time.
pub trait ReadStorage {
    /// The features of a sample.
    type Features: ?Sized + AsRef<[f32]>;

    /// `Ok` if there are as many features as a row has.
    ///
    /// # Errors
    /// [`Error::Length`] if not.
    fn check(&self, features: &Self::Features) -> Result<(), Error>;
    /// The weights row by row.
    fn weights(&self) -> &[f32];
    /// The biases, one a row.
    fn bias(&self) -> &[f32];
    /// Copies the biases to `to`, which has one number for each row.
    #[inline]
    fn copy_bias(&self, to: &mut [f32]) {
        to.iter_mut().zip(self.bias()).for_each(|(to, bias)| *to = *bias);
    }
    /// Adds the product of each row with the features to as many sums.
    #[inline]
    fn add_products(&self, features: &Self::Features, sums: &mut [f32]) {
        kernels::add_dot_matrix(self.weights(), features.as_ref(), sums);
    }
}

/// The storage of a dense layer that can learn: [`Owned`], or [`View`].
pub trait Storage: ReadStorage {
    /// Work space for the logits of a sample and their gradient.
    type Work: Work<Number = f32>;
    /// The number of parameters; 0 where it is known only at run time.
    const PARAMETERS: usize;
    /// The number of velocities; 0 as well if none are stored.
    const VELOCITIES: usize;

    /// The velocity of weights and biases, if it is stored.
    fn velocity(&self) -> Option<(&[f32], &[f32])>;
    /// All of its numbers, mutably.
    fn layer(&mut self) -> Layer<'_>;
    /// Updates each row: `w = keep w - rate x`.
    fn update(&mut self, keep: f32, rates: &[f32], features: &Self::Features);
}

/// A dense layer as slices.
#[derive(Debug)]
pub struct Layer<'a> {
    /// The weights row by row.
    pub weights: &'a mut [f32],
    /// The biases.
    pub bias: &'a mut [f32],
    /// Their velocity, if it is stored.
    pub velocity: Option<VelocityView<'a>>,
}

/// The velocity of a dense layer as slices.
#[derive(Debug)]
pub struct VelocityView<'a> {
    /// The velocity of the weights.
    pub weights: &'a mut [f32],
    /// The velocity of the biases.
    pub bias: &'a mut [f32],
    /// An upper bound of the velocities' magnitudes. It shows that a step cannot overflow without a scan of all velocities.
    pub bound: &'a mut f32,
}

impl VelocityView<'_> {
    /// The largest magnitude of a velocity.
    pub(crate) fn largest(&self) -> f32 {
        self.weights.iter().chain(&*self.bias).fold(0.0, |most, v| if v.abs() > most { v.abs() } else { most })
    }
}

/// The arrays of a layer of `ROWS` rows and as many biases; `V` is `()`, or [`Velocity`] for a momentum above 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Owned<const ROWS: usize, const FEATURES: usize, V = ()> {
    pub(crate) weights: [[f32; FEATURES]; ROWS],
    pub(crate) bias: [f32; ROWS],
    pub(crate) velocity: V,
}

/// The velocity of an owned layer's parameters: as large as the layer, and one number.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Velocity<const ROWS: usize, const FEATURES: usize> {
    pub(crate) weights: [[f32; FEATURES]; ROWS],
    pub(crate) bias: [f32; ROWS],
    pub(crate) bound: f32,
}

/// The velocity of a layer: `()` for none, [`Velocity`], or [`VelocitySlices`].
pub trait AnyVelocity {
    /// The velocity of weights and biases, if there is one.
    fn get(&self) -> Option<(&[f32], &[f32])>;
    /// The velocity, mutably, if there is one.
    fn view(&mut self) -> Option<VelocityView<'_>>;
}

/// The velocity of an owned layer: `()`, or [`Velocity`].
pub trait StoredVelocity: AnyVelocity {
    /// A velocity of zeros.
    const REST: Self;
    /// The number of velocities.
    const COUNT: usize;
}

/// Compares the velocities but not their bounds, which may differ for equal velocities.
impl<const ROWS: usize, const FEATURES: usize> PartialEq for Velocity<ROWS, FEATURES> {
    fn eq(&self, other: &Self) -> bool {
        self.weights == other.weights && self.bias == other.bias
    }
}

impl AnyVelocity for () {
    fn get(&self) -> Option<(&[f32], &[f32])> {
        None
    }

    #[inline]
    fn view(&mut self) -> Option<VelocityView<'_>> {
        None
    }
}

impl StoredVelocity for () {
    const REST: Self = ();
    const COUNT: usize = 0;
}

impl<const ROWS: usize, const FEATURES: usize> AnyVelocity for Velocity<ROWS, FEATURES> {
    fn get(&self) -> Option<(&[f32], &[f32])> {
        Some((self.weights.as_flattened(), &self.bias))
    }

    #[inline]
    fn view(&mut self) -> Option<VelocityView<'_>> {
        let Velocity { weights, bias, bound } = self;
        Some(VelocityView { weights: weights.as_flattened_mut(), bias, bound })
    }
}

impl<const ROWS: usize, const FEATURES: usize> StoredVelocity for Velocity<ROWS, FEATURES> {
    const REST: Self = Velocity { weights: [[0.0; FEATURES]; ROWS], bias: [0.0; ROWS], bound: 0.0 };
    const COUNT: usize = ROWS * (FEATURES + 1);
}

/// A velocity in the caller's slices.
#[derive(Debug)]
pub struct VelocitySlices<'a> {
    weights: &'a mut [f32],
    bias: &'a mut [f32],
    bound: &'a mut f32,
}

impl AnyVelocity for VelocitySlices<'_> {
    fn get(&self) -> Option<(&[f32], &[f32])> {
        Some((self.weights, self.bias))
    }

    #[inline]
    fn view(&mut self) -> Option<VelocityView<'_>> {
        Some(VelocityView { weights: self.weights, bias: self.bias, bound: self.bound })
    }
}

impl<const ROWS: usize, const FEATURES: usize, V: StoredVelocity> Owned<ROWS, FEATURES, V> {
    pub(crate) const fn new() -> Self {
        const { assert!(ROWS > 0 && FEATURES > 0, "a layer needs at least one row and one feature") };
        Owned { weights: [[0.0; FEATURES]; ROWS], bias: [0.0; ROWS], velocity: V::REST }
    }
}

impl<const ROWS: usize, const FEATURES: usize, V> ReadStorage for Owned<ROWS, FEATURES, V> {
    type Features = [f32; FEATURES];

    #[inline]
    fn check(&self, _: &[f32; FEATURES]) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn weights(&self) -> &[f32] {
        self.weights.as_flattened()
    }

    #[inline]
    fn bias(&self) -> &[f32] {
        &self.bias
    }

    #[inline]
    fn copy_bias(&self, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut::<ROWS>() {
            *to = self.bias;
        }
    }

    #[inline]
    fn add_products(&self, features: &[f32; FEATURES], sums: &mut [f32]) {
        kernels::add_dot_rows(&self.weights, features, sums);
    }
}

impl<const ROWS: usize, const FEATURES: usize, V: StoredVelocity> Storage for Owned<ROWS, FEATURES, V> {
    type Work = Pair<f32, ROWS>;
    const PARAMETERS: usize = ROWS * (FEATURES + 1);
    const VELOCITIES: usize = V::COUNT;

    fn velocity(&self) -> Option<(&[f32], &[f32])> {
        self.velocity.get()
    }

    #[inline]
    fn layer(&mut self) -> Layer<'_> {
        Layer { weights: self.weights.as_flattened_mut(), bias: &mut self.bias, velocity: self.velocity.view() }
    }

    #[inline]
    fn update(&mut self, keep: f32, rates: &[f32], features: &[f32; FEATURES]) {
        kernels::update_rows(&mut self.weights, keep, rates, features);
    }
}

/// The caller's arrays, whose shape is known only at run time; `V` is `()`, or [`VelocitySlices`] for a momentum above 0.
#[derive(Debug)]
pub struct View<'a, V = ()> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) bias: &'a mut [f32],
    velocity: V,
    pub(crate) features: usize,
}

impl<'a> View<'a> {
    /// Of `rows * (features + 1)` parameters.
    pub(crate) fn new(parameters: &'a mut [f32], rows: usize, features: usize) -> Result<Self, Error> {
        check_shape(parameters, rows, features)?;
        let (weights, bias) = parameters.split_at_mut_checked(rows * features).unwrap_or_default();
        Ok(View::of(weights, bias, features))
    }

    /// Of numbers whose shape was checked.
    pub(crate) const fn of(weights: &'a mut [f32], bias: &'a mut [f32], features: usize) -> Self {
        View { weights, bias, velocity: (), features }
    }

    pub(crate) fn with_velocity(
        self,
        velocity: &'a mut [f32],
        bound: &'a mut f32,
    ) -> Result<View<'a, VelocitySlices<'a>>, Error> {
        let View { weights, bias, features, .. } = self;
        check_length(Slice::Velocity, weights.len() + bias.len(), velocity.len())?;
        let (of_weights, of_bias) = velocity.split_at_mut_checked(weights.len()).unwrap_or_default();
        let velocity = VelocitySlices { weights: of_weights, bias: of_bias, bound };
        Ok(View { weights, bias, velocity, features })
    }
}

impl<V> ReadStorage for View<'_, V> {
    type Features = [f32];

    #[inline]
    fn check(&self, features: &[f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())
    }

    #[inline]
    fn weights(&self) -> &[f32] {
        self.weights
    }

    #[inline]
    fn bias(&self) -> &[f32] {
        self.bias
    }
}

impl<'a, V: AnyVelocity> Storage for View<'a, V> {
    type Work = PairView<'a, f32>;
    const PARAMETERS: usize = 0;
    const VELOCITIES: usize = 0;

    fn velocity(&self) -> Option<(&[f32], &[f32])> {
        self.velocity.get()
    }

    #[inline]
    fn layer(&mut self) -> Layer<'_> {
        Layer { weights: self.weights, bias: self.bias, velocity: self.velocity.view() }
    }

    #[inline]
    fn update(&mut self, keep: f32, rates: &[f32], features: &[f32]) {
        kernels::update_matrix(self.weights, keep, rates, features);
    }
}

/// Arrays of the caller's that are only read, whose shape is known only at run time.
#[derive(Clone, Copy, Debug)]
pub struct ReadView<'a> {
    weights: &'a [f32],
    bias: &'a [f32],
    features: usize,
}

impl<'a> ReadView<'a> {
    /// Of `rows * (features + 1)` parameters.
    pub(crate) fn new(parameters: &'a [f32], rows: usize, features: usize) -> Result<Self, Error> {
        check_shape(parameters, rows, features)?;
        let (weights, bias) = parameters.split_at_checked(rows * features).unwrap_or_default();
        Ok(ReadView { weights, bias, features })
    }
}

impl ReadStorage for ReadView<'_> {
    type Features = [f32];

    #[inline]
    fn check(&self, features: &[f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())
    }

    #[inline]
    fn weights(&self) -> &[f32] {
        self.weights
    }

    #[inline]
    fn bias(&self) -> &[f32] {
        self.bias
    }
}

/// Checks that there are `rows * (features + 1)` parameters, of at least one row and one feature.
fn check_shape(parameters: &[f32], rows: usize, features: usize) -> Result<(), Error> {
    let expected = features.saturating_add(1).saturating_mul(rows);
    let shape = if rows > 0 && features > 0 { expected } else { usize::MAX };
    check_length(Slice::Parameters, shape, parameters.len())
}

/// Work space for the logits of a sample and their gradient, and for whatever else a head needs between forward pass and update.
pub trait Work {
    /// The type of a logit.
    type Number: Number;
    /// The logits and their gradient. The logits are later replaced by the exponentials from which a [`Step`](crate::Step) reads its probabilities.
    fn pair(&mut self) -> (&mut [Self::Number], &mut [Self::Number]);
    /// The first of the pair.
    fn seen(&self) -> &[Self::Number];
}

/// Work space that can be constructed in a const.
pub trait Empty {
    /// Zeros.
    const EMPTY: Self;
}

/// Owned work space: two arrays of one number for each class.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Pair<N, const CLASSES: usize> {
    pub(crate) seen: [N; CLASSES],
    pub(crate) gradient: [N; CLASSES],
}

impl<const CLASSES: usize> Empty for Pair<f32, CLASSES> {
    const EMPTY: Self = Pair { seen: [0.0; CLASSES], gradient: [0.0; CLASSES] };
}

impl<const CLASSES: usize> Empty for Pair<i32, CLASSES> {
    const EMPTY: Self = Pair { seen: [0; CLASSES], gradient: [0; CLASSES] };
}

impl<N: Number, const CLASSES: usize> Work for Pair<N, CLASSES> {
    type Number = N;

    #[inline]
    fn pair(&mut self) -> (&mut [N], &mut [N]) {
        (&mut self.seen, &mut self.gradient)
    }

    #[inline]
    fn seen(&self) -> &[N] {
        &self.seen
    }
}

/// Work space in the caller's slice.
#[derive(Debug, PartialEq)]
pub struct PairView<'a, N> {
    seen: &'a mut [N],
    gradient: &'a mut [N],
}

impl<'a, N> PairView<'a, N> {
    /// Over two numbers for each class that the head has room for; they may hold anything before and after.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `2 room` numbers.
    pub fn new(scratch: &'a mut [N], room: usize) -> Result<Self, Error> {
        check_length(Slice::Scratch, room.saturating_mul(2), scratch.len())?;
        let (seen, gradient) = scratch.split_at_mut_checked(room).unwrap_or_default();
        Ok(PairView { seen, gradient })
    }
}

impl<N: Number> Work for PairView<'_, N> {
    type Number = N;

    #[inline]
    fn pair(&mut self) -> (&mut [N], &mut [N]) {
        (self.seen, self.gradient)
    }

    #[inline]
    fn seen(&self) -> &[N] {
        self.seen
    }
}
