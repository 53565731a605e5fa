//! Linear discriminant analysis in f64, from sums over all samples, solved from scratch by Cholesky's method for each query.

/// Means, counts and the within-class scatter of f32 samples.
pub struct Discriminant {
    features: usize,
    counts: Vec<f64>,
    means: Vec<Vec<f64>>,
    /// The within-class scatter, row by row; only the entries on and below the diagonal are used.
    scatter: Vec<f64>,
    /// The number of samples that the scatter stands for.
    total: f64,
}

impl Discriminant {
    /// Without samples; the prior counts as `prior_samples` samples of this variance in every direction.
    pub fn new(classes: usize, features: usize, prior_samples: f64, prior_variance: f64) -> Self {
        let mut scatter = vec![0.0; features * features];
        (0..features).for_each(|i| scatter[i * features + i] = prior_samples * prior_variance);
        let means = vec![vec![0.0; features]; classes];
        Discriminant { features, counts: vec![0.0; classes], means, scatter, total: prior_samples }
    }

    /// Adds a sample by Welford's method, which loses the fewest digits.
    pub fn learn(&mut self, x: &[f32], class: usize) {
        let n = self.counts[class];
        let mean = &mut self.means[class];
        let d: Vec<f64> = x.iter().zip(&*mean).map(|(x, mean)| f64::from(*x) - mean).collect();
        for i in 0..self.features {
            for j in 0..=i {
                self.scatter[i * self.features + j] += n / (n + 1.0) * d[i] * d[j];
            }
            mean[i] += d[i] / (n + 1.0);
        }
        self.counts[class] += 1.0;
        self.total += 1.0;
    }

    /// Adds to the scatter of one feature.
    pub fn add_ridge(&mut self, feature: usize, weight: f64) {
        self.scatter[feature * self.features + feature] += weight;
    }

    /// The logits as a function of features, `N (mu_c P x - mu_c P mu_c / 2)`; minus infinity for a class without samples.
    pub fn logits(&self) -> impl Fn(&[f32]) -> Vec<f64> {
        let factor = cholesky(&self.scatter, self.features);
        let rows: Vec<Vec<f64>> = self.means.iter().map(|mean| solve(&factor, mean)).collect();
        let biases: Vec<f64> = rows.iter().zip(&self.means).map(|(row, mean)| -0.5 * dot(row, mean)).collect();
        let (total, counts) = (self.total, self.counts.clone());
        move |x| {
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let of = |class: usize| total * (biases[class] + dot(&rows[class], &x));
            (0..counts.len()).map(|class| if counts[class] > 0.0 { of(class) } else { f64::NEG_INFINITY }).collect()
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangular `L` of a matrix `L L^T`, row by row.
fn cholesky(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut l = matrix.to_vec();
    for j in 0..n {
        for i in j..n {
            let products: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = l[i * n + j] - products;
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    l
}

/// `(L L^T)^-1 x`.
fn solve(l: &[f64], x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mut y = x.to_vec();
    for i in 0..n {
        let products: f64 = (0..i).map(|k| l[i * n + k] * y[k]).sum();
        y[i] = (y[i] - products) / l[i * n + i];
    }
    for i in (0..n).rev() {
        let products: f64 = (i + 1..n).map(|k| l[k * n + i] * y[k]).sum();
        y[i] = (y[i] - products) / l[i * n + i];
    }
    y
}
