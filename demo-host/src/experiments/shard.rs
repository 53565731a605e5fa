//! A part of an experiment, for one of several machines: a scheduler starts the same command on each.

use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

/// One part of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The part's number, from 0.
    pub index: usize,
    /// The number of parts.
    pub count: usize,
}

impl Shard {
    /// The whole experiment.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// The part that a scheduler has assigned to this process by environment variables: `SLURM_ARRAY_TASK_ID`, with
    /// `SLURM_ARRAY_TASK_MIN` and `SLURM_ARRAY_TASK_COUNT`, in a Slurm array; `JOB_COMPLETION_INDEX` in an indexed Job of
    /// Kubernetes, which does not give the number of parts, so the job file must set `JOB_COMPLETIONS`. Without them, the whole experiment.
    ///
    /// # Errors
    /// If one of the variables is missing, or they describe no valid part.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let number = |name: &str| -> Result<Option<usize>> {
            let Some(value) = variable(name) else { return Ok(None) };
            Ok(Some(value.parse().with_context(|| format!("{name} is {value:?}, but must be a number"))?))
        };
        if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let count = number("SLURM_ARRAY_TASK_COUNT")?
                .context("SLURM_ARRAY_TASK_ID is set, but not SLURM_ARRAY_TASK_COUNT: give --shard")?;
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let index = id.checked_sub(first).context("SLURM_ARRAY_TASK_ID is less than SLURM_ARRAY_TASK_MIN")?;
            return Shard { index, count }.checked();
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let count = number("JOB_COMPLETIONS")?.context(
                "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS: set it in the job file, or give --shard",
            )?;
            return Shard { index, count }.checked();
        }
        Ok(Shard::WHOLE)
    }

    /// Every `count`-th of the items, from the `index`-th.
    pub fn of<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.index).step_by(self.count).collect()
    }

    fn checked(self) -> Result<Self> {
        let Shard { index, count } = self;
        ensure!(index < count, "shard {index} of {count} does not exist: shards are counted from 0");
        Ok(self)
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let Some((index, count)) = numbers else { bail!("it must be two numbers, as 0/4") };
        Shard { index, count }.checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Shard> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let find = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        Shard::from_environment(find)
    }

    #[test]
    fn the_parts_make_the_whole() {
        let parts: Vec<usize> = (0..3).flat_map(|index| Shard { index, count: 3 }.of((0..10).collect())).collect();
        let mut sorted = parts.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        assert_eq!(Shard::WHOLE.of(vec![1, 2]), [1, 2]);
    }

    #[test]
    fn schedulers_and_flags() {
        assert_eq!(with(&[]).unwrap(), Shard::WHOLE);
        let slurm = [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_MIN", "4"), ("SLURM_ARRAY_TASK_COUNT", "8")];
        assert_eq!(with(&slurm).unwrap(), Shard { index: 1, count: 8 });
        assert!(with(&slurm[..1]).is_err());
        let kubernetes = [("JOB_COMPLETION_INDEX", "3"), ("JOB_COMPLETIONS", "4")];
        assert_eq!(with(&kubernetes).unwrap(), Shard { index: 3, count: 4 });
        assert!(with(&kubernetes[..1]).unwrap_err().to_string().contains("JOB_COMPLETIONS"));
        assert!(with(&[("JOB_COMPLETION_INDEX", "4"), ("JOB_COMPLETIONS", "4")]).is_err());
        assert_eq!("0/4".parse::<Shard>().unwrap(), Shard { index: 0, count: 4 });
        for wrong in ["4/4", "1", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
