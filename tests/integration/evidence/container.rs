//! Containers: other forms, broken ones, and those that are refused.

use std::collections::BTreeMap;

use contextrail::evidence::container::{Container, ContainerError, Limits, Packing, read};
use contextrail::evidence::{Verifier, pack};
use proptest::prelude::*;

use super::both::Both;
use super::sealed_log::SealedLog;
use super::zip::Zip;

fn files_of(bundle: &[u8]) -> BTreeMap<String, Vec<u8>> {
    read(bundle, &Limits::default()).unwrap().files
}

fn write(files: &BTreeMap<String, Vec<u8>>, limits: &Limits) -> Result<Vec<u8>, ContainerError> {
    let index = files.get("manifest.json").cloned().unwrap_or_default();
    Packing::new(files, *limits)?.finish(&index)
}

fn read_all(bytes: &[u8]) -> Result<Container, ContainerError> {
    read(bytes, &Limits::default())
}

#[test]
fn another_form_is_said_to_be_one_besides_what_is_inside() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let files = files_of(&bundle);
    let mut both = Both::new(log.keys());
    for (name, zip) in [
        ("stored", Zip::of(&files).stored()),
        ("dated", Zip::of(&files).dated(0x5a21)),
        ("unsorted", Zip::of(&files).reversed()),
        ("with descriptors", Zip::of(&files).with_descriptors()),
        ("commented", Zip::of(&files).commented()),
    ] {
        let bytes = zip.bytes();
        assert_eq!(files_of(&bytes), files, "{name}");
        both.add(name, bytes);
    }
    for (name, verdict) in both.judge() {
        assert_eq!(verdict.state, "failed", "{name}");
        let only_the_container: Vec<&str> = verdict.files.iter().map(String::as_str).collect();
        assert_eq!(only_the_container, [""], "{name}");
    }
    let report = Verifier::new(log.keys())
        .verify(&Zip::of(&files).stored().bytes())
        .unwrap();
    let [finding] = &report.findings[..] else {
        panic!("{:?}", report.findings);
    };
    assert!(
        finding.what.contains("stored, not deflated"),
        "{}",
        finding.what
    );
    assert!(report.checked.records == 5);
}

#[test]
fn the_same_container_is_canonical() {
    let log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    assert!(read_all(&bundle).unwrap().form.is_ok());
    assert_eq!(
        write(&files_of(&bundle), &Limits::default()).unwrap(),
        bundle
    );
    assert_eq!(Zip::of(&files_of(&bundle)).bytes(), bundle);
}

#[test]
fn what_could_be_understood_in_two_ways_is_refused() {
    let log = SealedLog::new();
    let files = files_of(&pack(log.range_input()).unwrap());
    let zip = || Zip::of(&files);
    let mut both = Both::new(log.keys());
    for (name, bytes) in [
        ("leaving the folder", zip().with_file("../a", b"a").bytes()),
        ("absolute", zip().with_file("/a", b"a").bytes()),
        ("backslash", zip().with_file("a\\b", b"a").bytes()),
        ("twice", zip().with_file("keys.txt", b"a").bytes()),
        ("encrypted", zip().with_flags(1).bytes()),
        ("later flags", zip().with_flags(1 << 13).bytes()),
        (
            "another name in the local header",
            zip().with_local_name("keys.txu").bytes(),
        ),
        ("overlapping", zip().overlapping().bytes()),
        ("zip64", zip().zip64().bytes()),
        ("another number of files", zip().counting(3).bytes()),
        (
            "more files than there may be",
            zip().counting(30_000).bytes(),
        ),
        ("a bomb", zip().with_announced("keys.txt", 1 << 30).bytes()),
    ] {
        assert!(read_all(&bytes).is_err(), "{name}");
        both.add(name, bytes);
    }
    for (name, verdict) in both.judge() {
        assert_eq!(verdict.state, "failed", "{name}");
        assert_eq!(verdict.files.len(), 1, "{name}");
        assert!(verdict.files.contains(""), "{name}");
    }
}

#[test]
fn a_file_that_is_longer_than_announced_is_not_unpacked() {
    let log = SealedLog::new();
    let mut files = files_of(&pack(log.range_input()).unwrap());
    files.insert("VERIFY.md".to_owned(), vec![0; 40 << 20]);
    let bytes = Zip::of(&files).with_announced("VERIFY.md", 10).bytes();
    let container = read_all(&bytes).unwrap();
    assert!(container.damaged.contains_key("VERIFY.md"));
    assert!(!container.files.contains_key("VERIFY.md"));
    let mut both = Both::new(log.keys());
    both.add("bomb", bytes);
    assert_eq!(both.judge()[0].1.state, "failed");
}

#[test]
fn more_than_the_limits_is_neither_written_nor_read() {
    let limits = Limits {
        files: 3,
        file_bytes: 100,
        total_bytes: 150,
        free_bytes: 120,
        ratio: 1,
    };
    let of = |sizes: &[usize]| {
        let files = (0..).zip(sizes);
        let files = files.map(|(at, size): (u8, _)| (format!("{at}"), vec![0; *size]));
        files.collect::<BTreeMap<_, _>>()
    };
    assert!(write(&of(&[60, 60]), &limits).is_ok());
    for sizes in [&[101][..], &[1, 1, 1], &[90, 70]] {
        assert!(matches!(
            write(&of(sizes), &limits),
            Err(ContainerError::TooLarge { .. })
        ));
        let bytes = write(&of(sizes), &Limits::default()).unwrap();
        assert!(matches!(
            read(&bytes, &limits),
            Err(ContainerError::TooLarge { .. })
        ));
    }
    let squeezed = Limits {
        total_bytes: 1 << 20,
        file_bytes: 1 << 20,
        ..limits
    };
    assert!(matches!(
        write(&of(&[10_000]), &squeezed),
        Err(ContainerError::TooLarge { .. })
    ));
}

#[test]
fn every_truncation_is_found() {
    let log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    let verifier = Verifier::new(log.keys());
    let mut both = Both::new(log.keys());
    for length in 0..bundle.len() {
        let verified = verifier.verify(&bundle[..length]);
        assert!(
            verified.is_err() || !verified.unwrap().is_valid(),
            "{length}"
        );
        if length % (bundle.len() / 40) == 0 {
            both.add(format!("{length}"), bundle[..length].to_vec());
        }
    }
    both.judge();
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        static BUNDLE: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| pack(SealedLog::new().range_input()).unwrap());
        let mut bytes = BUNDLE.clone();
        let length = bytes.len();
        for (at, byte) in &edits {
            bytes[at.index(length)] = *byte;
        }
        // The list of files at the end is where the headers are.
        let central = length - 1_500;
        bytes[central + end.index(1_500)] ^= 0x10;
        let _unread = read_all(&bytes);
    }
}
