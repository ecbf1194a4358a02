//! The judgement on a soak, on soaks that are made up.

#[path = "../../../benches/w1/soak/judge.rs"]
mod judge;
#[path = "../../../benches/w1/soak/samples.rs"]
mod samples;

use judge::judge;
use samples::{Sample, Samples};

/// A process that lives for so long and makes 1,000 contexts a second; nothing of it grows.
fn steady(seconds: u64) -> Vec<Sample> {
    let sample = |second: u64| Sample {
        second,
        since: second,
        // What is taken and given back all the time.
        own_kib: 90_000 + (second * 7_919) % 2_000,
        database: 1_000_000 + 8_000_000 * second,
        log: 40 << 20,
        contexts: 1_000 * second,
        ..Sample::default()
    };
    (0..seconds).map(sample).collect()
}

/// What is said of memory, bytes, the write-ahead log and the spool.
fn said(samples: &[Sample]) -> [Option<bool>; 4] {
    let judged = judge(samples).into_iter().map(|it| {
        assert!(!it.what.is_empty());
        it.is_fine
    });
    judged.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn what_is_steady_is_fine() {
    assert_eq!(said(&steady(400)), [Some(true); 4]);
}

#[test]
fn a_few_bytes_that_are_kept_of_each_context_are_told() {
    let mut samples = steady(400);
    for sample in &mut samples {
        // 16 bytes each.
        sample.own_kib += sample.contexts / 64;
    }
    assert_eq!(said(&samples)[0], Some(false));
    // A process that is killed before it shows says nothing.
    for sample in &mut samples {
        (sample.life, sample.since) = (sample.second / 50, sample.second % 50);
    }
    assert_eq!(said(&samples)[0], None);
}

#[test]
fn contexts_that_take_more_and_more_are_told() {
    let mut samples = steady(400);
    for sample in &mut samples {
        sample.database += 50 * sample.second * sample.second * 40;
    }
    assert_eq!(said(&samples)[1], Some(false));
    assert_eq!(said(&samples[..200])[1], None);
}

#[test]
fn a_log_or_a_spool_that_grows_is_told() {
    let mut samples = steady(400);
    samples[300].log = 300 << 20;
    samples[300].spool = 1;
    assert_eq!(said(&samples)[2..], [Some(false); 2]);
}

#[test]
fn samples_are_gone_on_with_behind_a_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.csv");
    let mut samples = Samples::open(&path).unwrap();
    for sample in steady(3) {
        samples.add(sample).unwrap();
    }
    drop(samples);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    let mut samples = Samples::open(&path).unwrap();
    assert_eq!(samples.all.len(), 2);
    samples.add(steady(3)[2]).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
