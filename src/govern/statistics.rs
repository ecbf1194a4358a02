//! The few figures that reports and comparisons are made of.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// The mean of `values`, each as often as its count says; `None` of nothing.
pub(super) fn weighted_mean(values: &[(f64, u64)]) -> Option<f64> {
    let count: f64 = values.iter().map(|(_, count)| number(*count)).sum();
    let sum: f64 = values
        .iter()
        .map(|(value, count)| value * number(*count))
        .sum();
    (count > 0.0).then(|| sum / count)
}

/// The value below which the part `part` of `sorted` lies, between neighbours in proportion.
pub(super) fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "places in a list in memory")]
    let place = part * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of the length of a list"
    )]
    let below = place.floor() as usize;
    let low = sorted.get(below)?;
    let high = sorted.get(below + 1).unwrap_or(low);
    Some(low + (high - low) * place.fract())
}

/// The 95 % interval of the difference of two means (Welch, Student's t), and `None` where there are
/// fewer than two values on a side.
pub(super) fn welch(before: &[f64], after: &[f64]) -> Option<(f64, f64)> {
    let (a, b) = (Moments::of(before)?, Moments::of(after)?);
    let difference = b.mean - a.mean;
    let (va, vb) = (a.variance / a.count, b.variance / b.count);
    let variance = va + vb;
    if variance <= 0.0 {
        return Some((difference, difference));
    }
    // Welch–Satterthwaite.
    let freedom = variance.powi(2) / (va.powi(2) / (a.count - 1.0) + vb.powi(2) / (b.count - 1.0));
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
    let half = t * variance.sqrt();
    Some((difference - half, difference + half))
}

/// The 95 % interval of the difference of two rates (Newcombe's hybrid of Wilson's scores), for `so` of
/// `count` before and after; `None` where there is nothing on a side.
pub(super) fn newcombe(before: (u64, u64), after: (u64, u64)) -> Option<(f64, f64)> {
    let (p1, l1, u1) = wilson(before)?;
    let (p2, l2, u2) = wilson(after)?;
    let difference = p2 - p1;
    let low = difference - ((p2 - l2).powi(2) + (u1 - p1).powi(2)).sqrt();
    let high = difference + ((u2 - p2).powi(2) + (p1 - l1).powi(2)).sqrt();
    Some((low, high))
}

/// A rate, and Wilson's 95 % interval of it.
fn wilson((so, count): (u64, u64)) -> Option<(f64, f64, f64)> {
    if count == 0 {
        return None;
    }
    let z = Normal::standard().inverse_cdf(0.975);
    let (n, p) = (number(count), number(so) / number(count));
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    Some((p, (middle - half) / whole, (middle + half) / whole))
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 2 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "the length of a list in memory")]
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
        Some(Self {
            count,
            mean,
            variance: squares / (count - 1.0),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of records stay below 2^53"
)]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: (f64, f64), expected: (f64, f64)) {
        let near = |a: f64, b: f64| (a - b).abs() < 5e-4;
        assert!(
            near(found.0, expected.0) && near(found.1, expected.1),
            "{found:?} is not {expected:?}"
        );
    }

    #[test]
    fn rates_have_the_interval_of_the_published_examples() {
        // Newcombe (1998), Statistics in Medicine 17, table II, method 10, p1 - p2.
        close(newcombe((48, 80), (56, 70)).unwrap(), (0.0524, 0.3339));
        close(newcombe((3, 10), (9, 10)).unwrap(), (0.1705, 0.8090));
        assert!(newcombe((0, 0), (1, 2)).is_none());
    }

    #[test]
    fn means_have_welchs_interval() {
        // Worked out apart from this code, by the continued fraction of the incomplete beta function.
        let before = [3.0, 4.0, 1.0, 2.1];
        let after = [490.2, 340.0, 433.9];
        close(welch(&before, &after).unwrap(), (230.4014, 607.2820));
        assert!(welch(&[1.0], &after).is_none());
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(percentile(&values, 0.5), Some(2.5));
        assert_eq!(percentile(&values, 1.0), Some(4.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
