//! The energy of a label and of a save, estimated: supply voltage times current times estimated cycles by the clock.

use anyhow::{Context, Result, ensure};

use super::{DISCRIMINANTS, Figures, SHAPES, committed, get};

/// The supply of a processor: the current that its data sheet states for running code from flash at this voltage and clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supply {
    amperes: f64,
    volts: f64,
    hertz: f64,
}

impl Supply {
    /// Of numbers with units, such as `4.6mA`, `3V`, `64MHz`.
    pub fn parse(current: &str, voltage: &str, clock: &str) -> Result<Self> {
        Ok(Supply {
            amperes: quantity(current, "A").context("--current")?,
            volts: quantity(voltage, "V").context("--voltage")?,
            hertz: quantity(clock, "Hz").context("--clock")?,
        })
    }

    /// Microjoules of so many cycles.
    fn microjoules(self, cycles: u32) -> f64 {
        self.volts * self.amperes * f64::from(cycles) / self.hertz * 1e6
    }
}

/// A number above 0 with a unit and, before that, a prefix or none.
fn quantity(text: &str, unit: &str) -> Result<f64> {
    let wanted = || format!("`{text}` is no quantity such as 4.6m{unit}, 3{unit} or 64M{unit}");
    let number = text.trim().strip_suffix(unit).with_context(wanted)?;
    let mut characters = number.chars();
    let prefix = characters.next_back();
    let without_prefix = characters.as_str();
    let (number, factor) = match prefix {
        Some('u' | 'µ') => (without_prefix, 1e-6),
        Some('m') => (without_prefix, 1e-3),
        Some('k') => (without_prefix, 1e3),
        Some('M') => (without_prefix, 1e6),
        _ => (number, 1.0),
    };
    let value = factor * number.trim_end().parse::<f64>().with_context(wanted)?;
    ensure!(value > 0.0 && value.is_finite(), "{}", wanted());
    Ok(value)
}

/// The energy on a Cortex-M4F of what its estimated cycles are committed.
pub fn print(supply: Supply) -> Result<()> {
    print!("{}", text(supply, &committed()?)?);
    Ok(())
}

fn text(supply: Supply, figures: &Figures) -> Result<String> {
    let shape = SHAPES[0].1;
    let mut text = format!(
        "Estimates for a Cortex-M4F, a head {shape}: {} mA at {} V and {} MHz, without wait states of the flash.\n",
        supply.amperes * 1e3,
        supply.volts,
        supply.hertz / 1e6
    );
    for (label, figure) in [
        ("an answer in f32", format!("asm/{shape}/cycles inference")),
        ("an answer in integers", format!("integers/{shape}/cycles fixed-inference")),
        ("a label by a step in f32", format!("asm/{shape}/cycles step")),
        ("a label by a step in integers", format!("integers/{shape}/cycles fixed-step")),
        ("a label of the discriminant", format!("asm/{}/cycles lda-learn", DISCRIMINANTS[1].1)),
        ("a save, without the flash's own current", format!("calls/{shape}/cycles checkpoint-write")),
    ] {
        let cycles = get(figures, &format!("Cortex-M4F/{figure}"))?;
        text += &format!("{label}: {cycles} cycles, {:.3} µJ\n", supply.microjoules(cycles));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_is_voltage_times_current_times_time() {
        let supply = Supply::parse("5mA", "2V", "10MHz").unwrap();
        // 10 mW for a second, and for a microsecond.
        assert!((supply.microjoules(10_000_000) / 10_000.0 - 1.0).abs() < 1e-12);
        assert!((supply.microjoules(10) / 0.01 - 1.0).abs() < 1e-12);
        assert_eq!(Supply::parse("0.005A", "2000mV", "10000kHz").unwrap(), supply);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for bad in ["", "A", "4.6", "4.6V", "-1mA", "0A", "NaNA", "infA", "1mmA"] {
            let error = format!("{:#}", Supply::parse(bad, "3V", "64MHz").unwrap_err());
            assert!(error.starts_with("--current: ") && error.contains("such as 4.6mA"), "{bad}: {error}");
        }
    }

    #[test]
    fn each_committed_cycle_has_its_energy() {
        let printed = text(Supply::parse("1mA", "1V", "1MHz").unwrap(), &committed().unwrap()).unwrap();
        // A nanojoule a cycle.
        for line in printed.lines().skip(1) {
            let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            assert_eq!(numbers[0], (1000.0 * numbers[1]).round(), "{line}");
        }
        assert_eq!(printed.lines().count(), 7);
    }
}
