//! Whether anything has grown that is not the data.

#![expect(
    clippy::cast_precision_loss,
    reason = "sizes and counts are far below 2^52"
)]

use super::samples::Sample;

/// Seconds after the start of a process in which counts, texts and keys come into its caches: not judged.
const WARM_UP_S: u64 = 60;
/// Seconds behind these that a slope takes to say anything.
const JUDGED_S: u64 = 120;
/// why: at 1,500 contexts a second this is 6 bytes for each context, less than the smallest thing that could be
/// kept of one, and more than the heads of an hour, which are kept in memory: about 3 MiB.
const MEMORY_MIB_PER_HOUR: f64 = 32.0;
/// why: pages are 16 KiB and split in halves, and the file grows by what one checkpoint brings: on a quarter of a million
/// contexts (2 GB) both are below 1 %. An index that grew faster than its rows would be above.
const DRIFT: f64 = 0.03;
const JUDGED_CONTEXTS: u64 = 250_000;
/// why: it is written into the file after each 8 MiB of records, which are some 40 MiB of pages.
const LOG_MIB: f64 = 256.0;

/// One thing that was looked at.
pub(crate) struct Judged {
    pub(crate) what: String,
    /// `None` when there was too little to judge by.
    pub(crate) is_fine: Option<bool>,
}

/// Judges all that could grow.
pub(crate) fn judge(samples: &[Sample]) -> Vec<Judged> {
    vec![memory(samples), size(samples), log(samples), spool(samples)]
}

/// A straight line through points: its slope, and the standard error of that.
pub(crate) fn slope(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let squares: f64 = points.iter().map(|it| (it.0 - x).powi(2)).sum();
    let slope = points.iter().map(|it| (it.0 - x) * (it.1 - y)).sum::<f64>() / squares;
    let rest: f64 = points
        .iter()
        .map(|it| (it.1 - y - slope * (it.0 - x)).powi(2))
        .sum();
    (slope, (rest / (count - 2.0) / squares).sqrt())
}

/// The memory of the processes that lived long enough; the one that grew most counts.
fn memory(samples: &[Sample]) -> Judged {
    let lives = samples.chunk_by(|one, next| one.life == next.life);
    let slopes = lives.filter_map(|life| {
        let warm: Vec<(f64, f64)> = life
            .iter()
            .filter(|it| it.since >= WARM_UP_S)
            .map(|it| (it.since as f64 / 3_600.0, it.own_kib as f64 / 1_024.0))
            .collect();
        (warm.len() as u64 >= JUDGED_S).then(|| slope(&warm))
    });
    let most =
        slopes.max_by(|one, other| (one.0 - 2.0 * one.1).total_cmp(&(other.0 - 2.0 * other.1)));
    let largest = samples.iter().map(|it| it.own_kib).max().unwrap_or(0) >> 10;
    match most {
        None => Judged {
            what: format!(
                "memory: at most {largest} MiB; no process lived long enough to judge its growth"
            ),
            is_fine: None,
        },
        Some((slope, error)) => Judged {
            what: format!(
                "memory: at most {largest} MiB; after {WARM_UP_S} s it grows by {slope:.1} ± {:.1} MiB an hour (at most {MEMORY_MIB_PER_HOUR})",
                2.0 * error
            ),
            is_fine: Some(slope - 2.0 * error <= MEMORY_MIB_PER_HOUR),
        },
    }
}

/// Bytes of the file for each context, in the first half and in the second one.
fn size(samples: &[Sample]) -> Judged {
    let points: Vec<(f64, f64)> = samples
        .iter()
        .map(|it| (it.contexts as f64, it.database as f64))
        .collect();
    let contexts = samples.last().map_or(0, |it| it.contexts);
    // What comes first are the documents, which are stored once.
    let first = points.len() / 10;
    let middle = first + (points.len() - first) / 2;
    if contexts < JUDGED_CONTEXTS {
        let what = format!("bytes a context: {contexts} are too few to judge the growth");
        return Judged {
            what,
            is_fine: None,
        };
    }
    let (early, late) = (slope(&points[first..middle]).0, slope(&points[middle..]).0);
    let drift = late / early - 1.0;
    Judged {
        what: format!(
            "bytes a context, with its decision: {early:.0} in the first half, {late:.0} in the second: {:+.1} % (at most ±{:.0} %)",
            100.0 * drift,
            100.0 * DRIFT
        ),
        is_fine: Some(drift.abs() <= DRIFT),
    }
}

fn log(samples: &[Sample]) -> Judged {
    let most = samples.iter().map(|it| it.log).max().unwrap_or(0) as f64 / f64::from(1 << 20);
    Judged {
        what: format!("write-ahead log: at most {most:.0} MiB (at most {LOG_MIB:.0})"),
        is_fine: Some(most <= LOG_MIB),
    }
}

fn spool(samples: &[Sample]) -> Judged {
    let most = samples.iter().map(|it| it.spool).max().unwrap_or(0);
    Judged {
        what: format!("spool: at most {most} bytes, for nothing waits where evidence is required"),
        is_fine: Some(most == 0),
    }
}
