//! No bytes make a reader panic or take long.

use std::time::{Duration, Instant};

use contextrail::codec::{ReadError, read_json, read_json_lines, read_yaml};
use proptest::prelude::*;

fn read_both(bytes: &[u8]) -> [Result<contextrail::codec::Node, ReadError>; 2] {
    [read_json(bytes), read_yaml(bytes)]
}

fn is_bounded(error: &ReadError) -> bool {
    error.line() > 0 && error.column() > 0 && error.to_string().chars().count() < 1_300
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for error in read_both(&bytes).into_iter().filter_map(Result::err) {
            prop_assert!(is_bounded(&error));
        }
        prop_assert!(read_json_lines(&bytes).count() <= bytes.len());
    }

    #[test]
    fn random_markup_is_read_or_refused(
        text in "[-\\[\\]{}:,?!&*|>'\"%@#~ \n\t\r\u{feff}\u{85}a0.e\\\\/]{0,60}"
    ) {
        for error in read_both(text.as_bytes()).into_iter().filter_map(Result::err) {
            prop_assert!(is_bounded(&error), "{}", error);
        }
    }

    #[test]
    fn what_json_accepts_yaml_reads_alike(text in "[\\[\\]{}:,\"a0-9.e+ -]{0,30}") {
        if let (Ok(json), Ok(yaml)) = (read_json(text.as_bytes()), read_yaml(text.as_bytes())) {
            prop_assert_eq!(json, yaml);
        }
    }
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let many = 50_000;
    for (what, text) in [
        ("open lists", "[".repeat(many)),
        ("open objects", "{\"a\":".repeat(many)),
        ("open block lists", "- ".repeat(many)),
        ("open block objects", "? ".repeat(many)),
        ("one long number", "1".repeat(many)),
        ("one long fraction", format!("0.{}1", "0".repeat(many))),
        ("one long string", format!("\"{}\"", "a".repeat(many))),
        ("escapes", format!("\"{}\"", "\\u0041".repeat(many))),
        ("elements", format!("[{}0]", "0,".repeat(many))),
        ("names", format!("{{{}\"b\":0}}", "\"a\":0,".repeat(many))),
        ("flow names", format!("{{{}b: 0}}", "a: 0, ".repeat(many))),
        ("lines", "a\n".repeat(many)),
        ("members", (0..many).map(|i| format!("a{i}: 0\n")).collect()),
        ("comments", "# a\n".repeat(many)),
        ("quotes", "'".repeat(many)),
        ("colons", ": ".repeat(many)),
        ("flow pairs", format!("[{}]", "[a]: b, ".repeat(many))),
    ] {
        let start = Instant::now();
        for error in read_both(text.as_bytes())
            .into_iter()
            .filter_map(Result::err)
        {
            assert!(is_bounded(&error), "{what}: {error}");
        }
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "{what} took {took:?}");
    }
}
