//! Files of spools, as they are and with frames that are in order: whatever is read is the same in parts of
//! any size, and is written again to the same bytes.

use std::fs;
use std::path::Path;

use contextrail::store::Spool;
use sha2::{Digest as _, Sha256};

pub(super) fn run(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is a place for files");
    check(&folder.path().join("raw"), data);
    check(&folder.path().join("framed"), &framed(data));
}

/// The parts between the bytes 0xFF, each in a frame with its length and check.
fn framed(data: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    for body in data.split(|byte| *byte == 0xFF) {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        frames.extend_from_slice(&length.to_be_bytes());
        frames.extend_from_slice(&Sha256::digest(body)[..8]);
        frames.extend_from_slice(body);
    }
    frames
}

fn check(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("there is room");
    let spool = Spool::open(path, u64::MAX).expect("it is a file");
    let backlog = spool.backlog().expect("it can be read");
    for most in [1, 64, 1 << 20] {
        let (mut from, mut records, mut torn) = (0, Vec::new(), Vec::new());
        while from < spool.bytes() {
            let part = spool.backlog_from(from, most).expect("it can be read");
            assert!(part.bytes > from, "it goes on");
            from = part.bytes;
            records.extend(part.records);
            torn.extend(part.torn);
        }
        assert_eq!((&records, &torn), (&backlog.records, &backlog.torn));
    }
    let again = path.with_extension("again");
    let mut spool = Spool::open(&again, u64::MAX).expect("it is a file");
    let added = spool.add_some(&backlog.records).expect("there is room");
    assert_eq!(added, backlog.records.len());
    let whole = bytes.len() - backlog.torn.len();
    assert_eq!(fs::read(&again).expect("it can be read"), bytes[..whole]);
}
