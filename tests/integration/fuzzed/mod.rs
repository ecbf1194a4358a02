//! The fuzz targets without a fuzzer: every reader of outside bytes gets what is in its corpus, and bytes made
//! of that as a seed says. What once was a crash is in the corpus.
//!
//! `CONTEXTRAIL_TEST_MUTATIONS` says how many are made for each target.

#[path = "../../../fuzz/readers/mod.rs"]
mod readers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::schedule::seed::{Chance, Named};

const CORPUS: &str = "fuzz/corpus";

#[expect(clippy::disallowed_methods, reason = "how much is to be done is said")]
fn mutations() -> u64 {
    let said = std::env::var("CONTEXTRAIL_TEST_MUTATIONS");
    said.map_or(400, |text| text.parse().unwrap())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = found.map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

/// Bytes made of those of the corpus: some are changed, left out, doubled, or taken of another.
fn mutated(of: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.pick(of).cloned().unwrap_or_default();
    for _ in 0..=chance.below(6) {
        let at = index(chance, bytes.len() + 1);
        let end = (at + index(chance, 64)).min(bytes.len());
        match chance.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let doubled = bytes[at..end].to_vec();
                bytes.splice(at..at, doubled);
            }
            3 => {
                let other = chance.pick(of).cloned().unwrap_or_default();
                let from = index(chance, other.len() + 1);
                let to = (from + index(chance, 256)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            4 => {
                let odd = [
                    0, 1, 9, 10, 0x20, 0x22, 0x2d, 0x30, 0x7b, 0x7f, 0x80, 0xfe, 0xff,
                ];
                bytes.insert(at, *chance.pick(&odd).unwrap());
            }
            5 => {
                let word = *chance.pick(&WORDS).unwrap();
                bytes.splice(at..end, word.bytes());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
    }
    bytes
}

/// What readers have trouble with.
const WORDS: [&str; 14] = [
    "null",
    "-1",
    "1e400",
    "18446744073709551616",
    "9007199254740993",
    "0.1",
    "[[[[[[[[",
    "\"\"",
    "{\"a\":",
    "\\ud800",
    "&a *a",
    "é\u{0}",
    "9999-12-31T23:59:59.999999Z",
    "-0",
];

fn index(chance: &mut Chance, end: usize) -> usize {
    usize::try_from(chance.below(u64::try_from(end).unwrap())).unwrap()
}

fn goes_through(name: &str) {
    let (_, read) = readers::ALL.into_iter().find(|it| it.0 == name).unwrap();
    let corpus: Vec<Vec<u8>> = files(&Path::new(CORPUS).join(name))
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let _named = Named(path.display().to_string());
            read(&bytes);
            bytes
        })
        .collect();
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for number in 0..mutations() {
        let mut chance = Chance::new(number);
        let bytes = mutated(&corpus, &mut chance);
        let text = String::from_utf8_lossy(&bytes);
        let _named = Named(format!("{name}, mutation {number}: {text:?}"));
        read(&bytes);
    }
}

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                goes_through(stringify!($name));
            }
        )+

        #[test]
        fn every_target_is_gone_through_and_has_a_corpus() {
            let here: BTreeSet<&str> = [$(stringify!($name)),+].into();
            let readers: BTreeSet<&str> = readers::ALL.into_iter().map(|it| it.0).collect();
            assert_eq!(here, readers);
            let names = |folder: &str| -> BTreeSet<String> {
                let files = files(Path::new(folder)).into_iter();
                let stems = files.map(|it| it.file_stem().unwrap().to_string_lossy().into_owned());
                stems.collect()
            };
            let here: BTreeSet<String> = here.into_iter().map(str::to_owned).collect();
            assert_eq!(names("fuzz/fuzz_targets"), here);
            assert_eq!(names(CORPUS), here);
        }
    };
}

targets! {
    artifact, body, bundle, bundle_file, http, import, note, proof, record_json, record_yaml, request,
    settings, spool, tile, timestamp, token, words,
}
