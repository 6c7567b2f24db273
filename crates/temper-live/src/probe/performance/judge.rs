use std::fmt;

use serde::{Deserialize, Serialize};

use super::random::Random;

/// A service may take 5 % more or less than before (R36).
pub const TOLERANCE: f64 = 0.05;

/// Fewer pairs say nothing about a median.
const FEWEST: usize = 10;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// How a service's pace compares with before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// The same, within the tolerance.
    Same,
    /// Slower than the tolerance allows.
    Slower,
    /// Faster than the tolerance.
    Faster,
    /// The samples vary too much, or are too few, to say one of these.
    Inconclusive,
}

/// A comparison of times: medians in milliseconds, and the ratio new / old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// What is known.
    pub pace: Pace,
    /// Pairs of samples.
    pub pairs: usize,
    /// Median before, milliseconds.
    pub old_ms: f64,
    /// Median after, milliseconds.
    pub new_ms: f64,
    /// `new_ms / old_ms`.
    pub ratio: f64,
    /// The 95 % confidence interval of the ratio; `None` with too few samples.
    pub interval: Option<(f64, f64)>,
}

/// Judges pairs (old, new) of times in milliseconds that were taken in turns, so that what else happens on the machine
/// meets both alike.
///
/// The interval is a percentile bootstrap (Efron, Tibshirani 1993, chapter 13) of the ratio of the medians over resampled
/// pairs. It is the same for the same samples and seed.
#[must_use]
pub fn judge(pairs: &[(f64, f64)], seed: u64) -> Performance {
    let usable: Vec<(f64, f64)> = pairs
        .iter()
        .copied()
        .filter(|(old, new)| old.is_finite() && new.is_finite() && *old > 0.0 && *new > 0.0)
        .collect();
    let (old_ms, new_ms) = medians(&usable);
    let ratio = if old_ms > 0.0 { new_ms / old_ms } else { 1.0 };
    if usable.len() < FEWEST {
        let pairs = usable.len();
        return Performance { pace: Pace::Inconclusive, pairs, old_ms, new_ms, ratio, interval: None };
    }
    let mut random = Random::new(seed);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample: Vec<(f64, f64)> =
                (0..usable.len()).map(|_| usable[random.below(usable.len())]).collect();
            let (old, new) = medians(&resample);
            new / old
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[RESAMPLES / 40], ratios[RESAMPLES - 1 - RESAMPLES / 40]);
    let pace = if low > 1.0 + TOLERANCE {
        Pace::Slower
    } else if high < 1.0 - TOLERANCE {
        Pace::Faster
    } else if low >= 1.0 - TOLERANCE && high <= 1.0 + TOLERANCE {
        Pace::Same
    } else {
        Pace::Inconclusive
    };
    Performance { pace, pairs: usable.len(), old_ms, new_ms, ratio, interval: Some((low, high)) }
}

fn medians(pairs: &[(f64, f64)]) -> (f64, f64) {
    let old = median(pairs.iter().map(|pair| pair.0).collect());
    let new = median(pairs.iter().map(|pair| pair.1).collect());
    (old, new)
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    let (lower, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    // With an even number of values there is one below.
    let below = lower.iter().copied().max_by(f64::total_cmp).unwrap_or(*upper);
    if odd { *upper } else { f64::midpoint(below, *upper) }
}

impl fmt::Display for Performance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = |ratio: f64| format!("{:+.1} %", (ratio - 1.0) * 100.0);
        let Some((low, high)) = self.interval else {
            return write!(f, "inconclusive: only {} pairs of samples", self.pairs);
        };
        let word = match self.pace {
            Pace::Same => "as fast as before",
            Pace::Slower => "slower than before",
            Pace::Faster => "faster than before",
            Pace::Inconclusive => "inconclusive",
        };
        write!(
            f,
            "{word}: {} ({:.2} ms, was {:.2} ms; 95 % interval {} to {}, {} pairs)",
            change(self.ratio),
            self.new_ms,
            self.old_ms,
            change(low),
            change(high),
            self.pairs
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::{Pace, judge};

    /// Times around `base`, up to `noise` more, with a slow one now and then, as real ones are.
    fn samples(count: usize, factor: f64, noise: f64, seed: u64) -> Vec<(f64, f64)> {
        let mut random = Random::new(seed);
        let mut time = |base: f64| {
            let outlier = if random.below(20) == 0 { 5.0 } else { 1.0 };
            base * (1.0 + noise * random.unit()) * outlier
        };
        (0..count).map(|_| (time(2.0), time(2.0 * factor))).collect()
    }

    #[test]
    fn equal_services_are_as_fast_and_twenty_percent_are_seen() {
        assert_eq!(judge(&samples(200, 1.0, 0.05, 1), 7).pace, Pace::Same);
        assert_eq!(judge(&samples(200, 1.2, 0.05, 2), 7).pace, Pace::Slower);
        assert_eq!(judge(&samples(200, 0.8, 0.05, 3), 7).pace, Pace::Faster);
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert_eq!(judge(&samples(20, 1.0, 2.0, 4), 7).pace, Pace::Inconclusive);
        assert_eq!(judge(&samples(9, 1.0, 0.0, 5), 7).pace, Pace::Inconclusive);
        assert_eq!(judge(&[], 7).to_string(), "inconclusive: only 0 pairs of samples");
        assert_eq!(judge(&[(0.0, 1.0), (f64::NAN, 1.0)], 7).pairs, 0);
        // Right at the limit no number of samples decides.
        assert_eq!(judge(&samples(300, 1.05, 0.05, 6), 7).pace, Pace::Inconclusive);
    }

    #[test]
    fn equal_services_are_seldom_called_slower() {
        let slower = (0..30).filter(|seed| judge(&samples(40, 1.0, 0.3, *seed), 7).pace == Pace::Slower);
        assert_eq!(slower.count(), 0);
    }

    #[test]
    fn the_same_samples_give_the_same_words() {
        let pairs = samples(100, 1.1, 0.02, 8);
        assert_eq!(judge(&pairs, 7), judge(&pairs, 7));
        insta::assert_snapshot!(judge(&pairs, 7), @"slower than before: +10.3 % (2.23 ms, was 2.02 ms; 95 % interval +10.0 % to +10.7 %, 100 pairs)");
    }
}
