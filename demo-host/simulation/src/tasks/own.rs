//! Features of one's own, from a file.
//!
//! | what there is | users | the host knows |
//! |---|---|---|
//! | groups | each group; two thirds of its samples to learn from, or those that the split says | the base, else the other groups |
//! | no groups | one: three quarters of each class, the rest is for tuning | the base, else nothing |
//!
//! The host's head is the one that is given, or a softmax regression on what it knows. Samples of a group are divided by chance, class by class: where they overlap, as
//! windows of one recording do, the divided parts resemble each other, and a column `split` should say which are which. Whatever is tuned for a
//! group is tuned on other groups, and the host knows nothing of the group meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::{Host, Pool, Purpose, Task, Units, User};
use crate::rivals::logistic;
use crate::samples::LabelledFeatures;
use crate::samples::{Base, Samples};
use crate::scenarios::Scenario;

/// The samples that a user must have: to learn from and to measure on.
const LEAST: usize = 6;
/// The samples that each class must have.
const LEAST_OF_CLASS: usize = 4;
/// The features of a sample at most: a discriminant of so many takes 2 MB.
const MOST_FEATURES: usize = 1024;
/// The pull towards zero of the host's head, as of so many samples.
const BASE_PULL: f64 = 1.0;

/// The head that a host trained, in the units that it was trained in.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedHead {
    /// The weights class after class, then the biases: all finite.
    pub parameters: Vec<f32>,
    /// The mean and standard deviation by which a device standardises each feature; `None` if the head takes features as they are.
    pub units: Option<(Vec<f32>, Vec<f32>)>,
}

/// The task.
pub struct Own {
    name: String,
    data: Arc<LabelledFeatures>,
    base: Option<Arc<Samples>>,
    head: Option<Arc<TrainedHead>>,
    /// The samples of each user.
    users: Vec<Vec<usize>>,
    /// Where there are no groups, the samples for tuning.
    tuning: Vec<usize>,
    units: Units,
    /// Whether without the users of a pool, of one or of two, a host is left that has seen every class.
    hosted: [bool; 2],
    /// The host without some users.
    hosts: Mutex<HashMap<Vec<usize>, Arc<OnceLock<Host>>>>,
}

impl Own {
    /// Makes a task of labelled features, those that the host knows, and the head that it trained on them.
    ///
    /// # Errors
    /// If there are too few samples of a class or a group, base or head have other features or classes, there are more than 1,024 features, or there
    /// is a head where neither base nor groups say what a discriminant starts from.
    pub fn new(
        name: &str,
        data: Arc<LabelledFeatures>,
        base: Option<Arc<LabelledFeatures>>,
        head: Option<TrainedHead>,
        units: Units,
    ) -> Result<Self> {
        let (samples, classes) = (&data.samples, &data.classes);
        ensure!(
            samples.width <= MOST_FEATURES,
            "there are {} features a sample, but a device's head takes at most {MOST_FEATURES} here",
            samples.width
        );
        for (class, name) in classes.iter().enumerate() {
            let count = samples.labels.iter().filter(|label| **label == class).count();
            ensure!(
                count >= LEAST_OF_CLASS,
                "class {name} has {count} samples, but must have at least {LEAST_OF_CLASS}"
            );
        }
        if let Some(base) = &base {
            ensure!(
                base.samples.width == samples.width,
                "the base has {} features a sample, but the samples have {}",
                base.samples.width,
                samples.width
            );
            ensure!(
                base.classes == *classes,
                "the base has the classes {}, but the samples have {}",
                base.classes.join(", "),
                classes.join(", ")
            );
        }
        let (users, tuning) = match &data.groups {
            Some((groups, names)) => {
                let user = |group: usize| (0..groups.len()).filter(|i| groups[*i] == group).collect();
                let users: Vec<Vec<usize>> = (0..names.len()).map(user).collect();
                for (user, name) in users.iter().zip(names) {
                    let count = user.len();
                    ensure!(count >= LEAST, "group {name} has {count} samples, but must have at least {LEAST}");
                }
                ensure!(
                    users.len() >= 2,
                    "all samples are of one group, {}: leave groups out, or give two and more",
                    names[0]
                );
                (users, Vec::new())
            }
            None => {
                let mut seen = vec![0_usize; classes.len()];
                let (mut user, mut tuning) = (Vec::new(), Vec::new());
                for (index, label) in samples.labels.iter().enumerate() {
                    seen[*label] += 1;
                    if seen[*label] % 4 == 0 { &mut tuning } else { &mut user }.push(index);
                }
                (vec![user], tuning)
            }
        };
        let mut own = Own {
            name: name.to_owned(),
            head: head.map(Arc::new),
            hosted: [true; 2],
            hosts: Mutex::default(),
            base: base.map(|base| Arc::new(base.samples.clone())),
            data,
            users,
            tuning,
            units,
        };
        let parts = own.users.iter().chain(Some(&own.tuning).filter(|part| !part.is_empty()));
        for (number, part) in parts.enumerate() {
            let User { stream, test } = own.divided(part, 0);
            let names = own.data.groups.as_ref().map(|(_, names)| names[number].as_str());
            ensure!(
                !stream.is_empty() && !test.is_empty(),
                "the split leaves no samples{} to {}",
                names.map_or_else(String::new, |name| format!(" of group {name}")),
                if test.is_empty() { "test" } else { "learn from" }
            );
        }
        own.hosted = [false, true].map(|two| own.has_hosts(two));
        own.check_head()?;
        Ok(own)
    }

    /// `Ok` if the head, if any, has the shape of the samples, and the host knows samples.
    fn check_head(&self) -> Result<()> {
        let Some(head) = &self.head else { return Ok(()) };
        let (classes, features) = self.shape();
        let count = head.parameters.len();
        ensure!(
            count == classes * (features + 1),
            "the head has {count} parameters, but for {classes} classes of {features} features it must have {}",
            classes * (features + 1)
        );
        let lengths = head.units.as_ref().map_or([features; 2], |(mean, deviation)| [mean.len(), deviation.len()]);
        ensure!(
            lengths == [features; 2],
            "the head standardises {} features, but the samples have {features}",
            lengths[0]
        );
        ensure!(
            self.hosted[0],
            "the head needs samples beside it, from which a discriminant starts: a base, or 3 groups and more, each with every class"
        );
        Ok(())
    }

    /// The units in which settings are searched: those of the head, where one is given and learners start from it (`based`).
    pub(crate) fn unit_choices(&self, based: bool) -> &'static [Units] {
        match (based, &self.head) {
            (true, Some(head)) if head.units.is_some() => &[Units::First(16)],
            (true, Some(_)) => &[Units::Raw],
            (true, None) => &[Units::First(16), Units::Raw],
            (false, _) => &[Units::First(16), Units::First(50), Units::Raw],
        }
    }

    /// The same samples in other units.
    pub fn with_units(&self, units: Units) -> Self {
        Own {
            name: self.name.clone(),
            head: self.head.clone(),
            data: Arc::clone(&self.data),
            base: self.base.clone(),
            users: self.users.clone(),
            tuning: self.tuning.clone(),
            hosted: self.hosted,
            hosts: Mutex::default(),
            units,
        }
    }

    /// Mean and deviation of each feature of all that the host knows, where learners that start from it (`based`) have these units.
    pub fn host_units(&self, units: Units, based: bool) -> Option<(Vec<f32>, Vec<f32>)> {
        if let Some(head) = self.head.as_ref().filter(|_| based) {
            return head.units.clone();
        }
        if !based || units == Units::Raw {
            return None;
        }
        Some(self.base.as_ref().map_or_else(|| self.data.samples.units(), |base| base.units()))
    }

    /// The users that a pool has, the first two, and whom its host knows nothing of.
    fn chosen(&self, purpose: Purpose, seed: u64, two: bool) -> ([usize; 2], Vec<usize>) {
        let all = || 0..self.users.len();
        let tested = seed as usize % self.users.len();
        let (group, mut absent): (Vec<usize>, Vec<usize>) = match purpose {
            Purpose::Test => (all().filter(|user| self.fold_of(*user) == self.fold_of(tested)).collect(), Vec::new()),
            Purpose::Tune { fold } => all().partition(|user| self.fold_of(*user) != fold),
        };
        let place = match purpose {
            Purpose::Test => group.iter().position(|user| *user == tested).unwrap_or_default(),
            Purpose::Tune { .. } => seed as usize % group.len(),
        };
        let (user, next) = (group[place], group[(place + 1) % group.len()]);
        absent.push(user);
        if two {
            absent.push(next);
        }
        absent.sort_unstable();
        absent.dedup();
        ([user, next], absent)
    }

    /// Whether every pool has a host who has seen every class.
    fn has_hosts(&self, two: bool) -> bool {
        if self.base.is_some() || self.users.len() < 2 {
            return self.base.is_some();
        }
        let purposes = (0..self.folds()).map(|fold| Purpose::Tune { fold }).chain([Purpose::Test]);
        let pools = purposes.flat_map(|purpose| (0..self.users.len()).map(move |seed| (purpose, seed as u64)));
        pools.into_iter().all(|(purpose, seed)| {
            let known = self.known_without(&self.chosen(purpose, seed, two).1);
            let labels: Vec<usize> = known.iter().map(|index| self.data.samples.labels[*index]).collect();
            (0..self.data.classes.len()).all(|class| labels.contains(&class))
        })
    }

    /// The samples of all users but these.
    fn known_without(&self, absent: &[usize]) -> Vec<usize> {
        let others = (0..self.users.len()).filter(|user| !absent.contains(user));
        others.flat_map(|user| self.users[user].iter().copied()).collect()
    }

    /// The knowledge of the host with nothing of these users.
    fn host(&self, absent: Vec<usize>) -> Host {
        let absent = if self.base.is_some() { Vec::new() } else { absent };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = Arc::clone(hosts.entry(absent.clone()).or_default());
        drop(hosts);
        host.get_or_init(|| self.new_host(&absent)).clone()
    }

    fn new_host(&self, absent: &[usize]) -> Host {
        let classes = self.data.classes.len();
        let samples = match &self.base {
            Some(base) => Samples::clone(base),
            None => self.data.samples.select(&self.known_without(absent)),
        };
        let units = match &self.head {
            Some(head) => head.units.clone(),
            None => (self.units != Units::Raw).then(|| samples.units()),
        };
        let samples = match &units {
            Some((mean, deviation)) => samples.in_units(mean, deviation),
            None => samples,
        };
        if let Some(head) = &self.head {
            return Host { base: Arc::new(Base { samples, head: head.parameters.clone() }), units };
        }
        let zeros = vec![vec![0.0; samples.width + 1]; classes];
        let mut rows = zeros.clone();
        logistic::fit(&mut rows, &zeros, &samples, BASE_PULL);
        Host { base: Arc::new(Base::new(samples, &rows)), units }
    }

    /// Two thirds of each class of a user's samples to learn from, or those that the split says.
    fn user(&self, user: usize, seed: u64) -> User {
        self.divided(&self.users[user], seed)
    }

    fn divided(&self, part: &[usize], seed: u64) -> User {
        let samples = &self.data.samples;
        let (mut stream, mut test) = (Vec::new(), Vec::new());
        let mut random = StdRng::seed_from_u64(seed);
        if let Some(streamed) = &self.data.streamed {
            (stream, test) = part.iter().partition(|index| streamed[**index]);
        } else {
            for class in 0..self.data.classes.len() {
                let mut own: Vec<usize> =
                    part.iter().copied().filter(|index| samples.labels[*index] == class).collect();
                own.shuffle(&mut random);
                let (learned, rest) = own.split_at(own.len() - own.len() / 3);
                stream.extend_from_slice(learned);
                test.extend_from_slice(rest);
            }
            // Of classes with one or two samples each nothing would be left to measure on.
            if test.is_empty() {
                test.extend(stream.pop());
            }
        }
        User { stream: samples.select(&stream), test: samples.select(&test) }
    }

    fn fold_of(&self, user: usize) -> usize {
        if self.users.len() >= 4 { user % 2 } else { user }
    }
}

impl Task for Own {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.data.classes.len(), self.data.samples.width)
    }

    fn folds(&self) -> usize {
        if self.users.len() >= 4 { 2 } else { self.users.len() }
    }

    fn fold(&self, seed: u64) -> usize {
        self.fold_of(seed as usize % self.users.len())
    }

    fn units(&self) -> Units {
        self.units
    }

    fn lacks(&self, scenario: Scenario) -> Option<String> {
        let (users, classes) = (self.users.len(), self.data.classes.len());
        match scenario {
            Scenario::NewUser if users < 2 && self.base.is_none() => {
                Some("there is neither --groups nor --base, so the host knows nothing".to_owned())
            }
            Scenario::NewUser if !self.hosted[0] => Some(format!(
                "the host must have seen every class from other users than those tested and tuned on, and there are {users} groups: it needs 3 \
                 and more, each with every class, or --base"
            )),
            Scenario::UserChanges if users < 4 => Some(format!(
                "there {}, but rivals are tuned on users who change as well: it needs 4 groups",
                if users < 2 { "are no groups".to_owned() } else { format!("are {users} groups") }
            )),
            Scenario::UserChanges if !self.hosted[1] && self.hosted[0] => Some(format!(
                "the host must know neither of two users, and there are {users} groups: it needs 6, each with every class, or --base"
            )),
            Scenario::NewClass if classes < 3 => {
                Some("there are 2 classes, and it needs 2 beside the new one".to_owned())
            }
            _ => None,
        }
    }

    fn pool(&self, purpose: Purpose, seed: u64, two: bool) -> Pool {
        let classes = self.data.classes.len();
        if self.users.len() == 1 {
            let part = match purpose {
                Purpose::Test => &self.users[0],
                Purpose::Tune { .. } => &self.tuning,
            };
            let nobody = || Samples::new(self.data.samples.width);
            let users = [self.divided(part, seed), User { stream: nobody(), test: nobody() }];
            return Pool { classes, users, host: self.hosted[0].then(|| self.host(Vec::new())) };
        }
        let ([user, next], absent) = self.chosen(purpose, seed, two);
        let host = self.hosted[usize::from(two)].then(|| self.host(absent));
        Pool { classes, users: [self.user(user, seed), self.user(next, seed)], host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups whose samples are 100 apart in the first feature.
    fn data(groups: usize, each: usize, classes: usize) -> Arc<LabelledFeatures> {
        let mut samples = Samples::new(2);
        let mut of = Vec::new();
        for i in 0..groups.max(1) * each {
            let group = i / each;
            samples.push(&[100.0 * group as f32 + (i % 7) as f32, (i % classes) as f32], i % classes);
            of.push(group);
        }
        Arc::new(LabelledFeatures {
            samples,
            classes: (0..classes).map(|class| format!("c{class}")).collect(),
            groups: (groups > 0).then(|| (of, (0..groups).map(|group| format!("g{group}")).collect())),
            streamed: None,
        })
    }

    fn groups_of(samples: &Samples, host: Option<&Host>) -> Vec<usize> {
        let raw = |x: f32| match host.and_then(|host| host.units.as_ref()) {
            Some((mean, deviation)) => x * deviation[0] + mean[0],
            None => x,
        };
        let mut groups: Vec<usize> = samples.rows().map(|(row, _)| ((raw(row[0]) + 0.5) / 100.0) as usize).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    #[test]
    fn what_is_tuned_for_a_group_has_seen_nothing_of_it() {
        for groups in [3, 4, 7] {
            let own = Own::new("x", data(groups, 30, 3), None, None, Units::First(16)).unwrap();
            for seed in 0..2 * groups as u64 {
                let tested = own.pool(Purpose::Test, seed, false);
                let user = groups_of(&tested.users[0].test, None);
                assert_eq!((groups_of(&tested.users[0].stream, None), user.len()), (user.clone(), 1));
                let host = tested.host.unwrap();
                let known = groups_of(&host.base.samples, Some(&host));
                assert!(!known.contains(&user[0]) && known.len() == groups - 1);
                for other in 0..9 {
                    let tuned = own.pool(Purpose::Tune { fold: own.fold(seed) }, other, false);
                    let host = tuned.host.unwrap();
                    let seen = [groups_of(&tuned.users[0].stream, None), groups_of(&host.base.samples, Some(&host))];
                    assert!(seen.iter().all(|seen| !seen.contains(&user[0])) && !seen[1].contains(&seen[0][0]));
                }
            }
        }
    }

    #[test]
    fn without_groups_no_sample_is_tuned_and_tested_or_learned_and_tested() {
        let own = Own::new("x", data(0, 80, 4), None, None, Units::First(16)).unwrap();
        let rows = |samples: &Samples| samples.rows().map(|(row, _)| format!("{row:?}")).collect::<Vec<_>>();
        let User { stream, test } = &own.pool(Purpose::Test, 1, false).users[0];
        let tuned = &own.pool(Purpose::Tune { fold: 0 }, 1, false).users[0];
        assert_eq!((stream.len(), test.len(), tuned.stream.len(), tuned.test.len()), (40, 20, 16, 4));
        assert!(rows(stream).len() == 40 && own.pool(Purpose::Test, 1, false).host.is_none());
    }

    #[test]
    fn scenarios_that_the_data_do_not_allow_are_named() {
        let own = |groups, classes| Own::new("x", data(groups, 30, classes), None, None, Units::First(16)).unwrap();
        let lacks = |own: &Own, scenario| own.lacks(scenario).unwrap_or_default();
        assert!(lacks(&own(0, 3), Scenario::NewUser).contains("neither --groups nor --base"));
        assert!(lacks(&own(2, 3), Scenario::NewUser).contains("needs 3"));
        assert!(lacks(&own(3, 3), Scenario::UserChanges).contains("needs 4 groups"));
        assert!(lacks(&own(5, 3), Scenario::UserChanges).contains("needs 6"));
        assert!(lacks(&own(3, 2), Scenario::NewClass).contains("2 classes"));
        let all = own(6, 3);
        for scenario in [Scenario::NewUser, Scenario::FromNothing, Scenario::NewClass, Scenario::UserChanges] {
            assert_eq!(all.lacks(scenario), None);
            assert!(scenario.course(&all, Purpose::Test, 3).is_some());
        }
    }

    #[test]
    fn a_head_that_is_given_is_the_one_that_devices_start_from() {
        let parameters: Vec<f32> = (0..9).map(|i| i as f32).collect();
        let head = |units| TrainedHead { parameters: parameters.clone(), units };
        let own = |groups, base, head| Own::new("x", data(groups, 30, 3), base, Some(head), Units::First(16));
        let scaled = Some((vec![1.0, 2.0], vec![4.0, 2.0]));
        let with = own(4, None, head(scaled.clone())).unwrap();
        let host = with.pool(Purpose::Test, 1, false).host.unwrap();
        assert_eq!((&host.base.head, &host.units), (&parameters, &scaled));
        assert_eq!(with.host_units(Units::Raw, true), scaled);
        assert_eq!(with.with_units(Units::Raw).pool(Purpose::Test, 0, false).host.unwrap().units, scaled);
        assert_eq!(with.unit_choices(true), [Units::First(16)]);
        // Without units of its own, the head takes features as they are.
        let raw = own(0, Some(data(0, 30, 3)), head(None)).unwrap();
        let host = raw.pool(Purpose::Test, 0, false).host.unwrap();
        assert_eq!((host.units, host.base.samples.row(1)), (None, [1.0, 1.0].as_slice()));
        assert_eq!(raw.unit_choices(true), [Units::Raw]);
        let refused = |found: Result<Own>| found.err().unwrap().to_string();
        assert!(refused(own(0, None, head(None))).contains("a base, or 3 groups"));
        let short = TrainedHead { parameters: vec![0.0; 8], units: None };
        assert!(refused(own(4, None, short)).contains("8 parameters, but for 3 classes of 2 features it must have 9"));
        assert!(refused(own(4, None, head(Some((vec![0.0], vec![1.0]))))).contains("standardises 1 features"));
    }

    #[test]
    fn too_little_is_refused_with_a_sentence() {
        let refused = |data, base| Own::new("x", data, base, None, Units::Raw).err().unwrap().to_string();
        assert!(refused(data(0, 6, 3), None).contains("class c0 has 2 samples"));
        assert!(refused(data(4, 5, 2), None).contains("group g0 has 5 samples"));
        assert!(refused(data(1, 30, 2), None).contains("one group, g0"));
        assert!(refused(data(0, 30, 2), Some(data(0, 30, 3))).contains("the base has the classes c0, c1, c2"));
        let mut wide = LabelledFeatures::clone(&data(0, 30, 2));
        (wide.samples.width, wide.samples.features) = (1025, vec![0.0; 30 * 1025]);
        assert!(refused(Arc::new(wide), None).contains("1025 features"));
    }
}
