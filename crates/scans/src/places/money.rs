//! Sums of money, which are never rounded.

use std::fmt;
use std::iter::Sum;

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

/// Millionths in a US dollar.
const MICROS: u64 = 1_000_000;

/// A sum of US dollars, exact to the millionth. It is shown as a decimal number with at least two places, in JSON as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    micros: i64,
}

impl Usd {
    /// Returns a sum of millionths of a US dollar.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// Returns the sum nearest to a number of US dollars.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end"
    )]
    pub fn from_dollars(dollars: f64) -> Self {
        Self::from_micros((dollars * 1_000_000.0).round() as i64)
    }

    /// Returns the sum in millionths of a US dollar.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        Self::from_micros(sums.map(|sum| sum.micros).sum())
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let (dollars, cents, rest) = (micros / MICROS, micros % MICROS / 10_000, micros % 10_000);
        write!(f, "{sign}{dollars}.{cents:02}")?;
        if rest > 0 {
            write!(f, "{}", format!("{rest:04}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A number of any length, which no floating-point number could hold.
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_shown_to_the_last_millionth() {
        for (micros, text) in [
            (0, "0.00"),
            (1, "0.000001"),
            (32_000, "0.032"),
            (670_000, "0.67"),
            (3_200_000, "3.20"),
            (12_000_000, "12.00"),
            (1_234_560, "1.23456"),
            (-1_050_000, "-1.05"),
            (i64::MAX, "9223372036854.775807"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            let sum = Usd::from_micros(micros);
            assert_eq!(sum.to_string(), text);
            assert_eq!(serde_json::to_string(&sum).unwrap(), text);
        }
    }

    #[test]
    fn dollars_are_read_to_the_nearest_millionth() {
        for (dollars, micros) in [(0.67, 670_000), (0.000_001, 1), (1e300, i64::MAX), (f64::NAN, 0)] {
            assert_eq!(Usd::from_dollars(dollars).micros(), micros, "{dollars}");
        }
    }

    #[test]
    fn sums_add_up_without_rounding() {
        // As binary fractions they make 0.6699999999999999.
        let sum: Usd = [32_000; 10].into_iter().chain([35_000; 10]).map(Usd::from_micros).sum();
        assert_eq!(sum.to_string(), "0.67");
    }
}
