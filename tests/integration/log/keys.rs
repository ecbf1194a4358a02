//! Keys and their text forms, with the key of `golang.org/x/mod/sumdb/note`.

use contextrail::log::{Cosigner, KeyError, KeyId, KeyKind, KeyName, SigningKey, VerifierKey};
use proptest::prelude::*;

pub(super) const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
pub(super) const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
pub(super) const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";

pub(super) fn signing_key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), &[seed; 32])
}

pub(super) fn verifier_key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

#[test]
fn the_known_key_pair_is_read_and_written() {
    let key: SigningKey = PETER_SECRET.parse().unwrap();
    assert_eq!(key.to_secret_text(), PETER_SECRET);
    assert_eq!(key.verifier_key().to_string(), PETER);
    let key = verifier_key(PETER);
    assert_eq!(key.to_string(), PETER);
    assert_eq!(key.name().as_str(), "PeterNeumann");
    assert_eq!(key.id().to_string(), "c74f20a3");
    assert_eq!(key.kind(), KeyKind::Note);
    assert_eq!(verifier_key(ENOCH).to_string(), ENOCH);
}

#[test]
fn no_part_of_a_key_is_a_key() {
    for start in 0..PETER.len() {
        for end in start + 1..=PETER.len() {
            if end - start < PETER.len() {
                let part = &PETER[start..end];
                assert!(part.parse::<VerifierKey>().is_err(), "{part}");
            }
        }
    }
    for start in 0..PETER_SECRET.len() {
        for end in start + 1..=PETER_SECRET.len() {
            if end - start < PETER_SECRET.len() {
                let part = &PETER_SECRET[start..end];
                assert!(part.parse::<SigningKey>().is_err(), "{part}");
            }
        }
    }
}

#[test]
fn a_key_with_one_character_changed_is_no_key() {
    for (text, secret) in [(PETER, false), (PETER_SECRET, true)] {
        for place in 0..text.len() {
            for change in [1, 2, 32] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] ^= change;
                let Ok(changed) = String::from_utf8(bytes) else {
                    continue;
                };
                let refused = if secret {
                    changed.parse::<SigningKey>().is_err()
                } else {
                    changed.parse::<VerifierKey>().is_err()
                };
                assert!(refused, "{changed}");
            }
        }
    }
}

#[test]
fn each_reason_not_to_take_a_key_is_named() {
    let error = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    assert_eq!(error(""), KeyError::Form);
    assert_eq!(error("name"), KeyError::Form);
    assert_eq!(error("name+c74f20a3"), KeyError::Form);
    assert_eq!(
        error(&PETER.replace("c74f20a3", "C74F20A3")),
        KeyError::Form
    );
    assert_eq!(
        error(&PETER.replace("c74f20a3", "+74f20a3")),
        KeyError::Form
    );
    assert_eq!(error(&PETER.replace("Peter", "")[..0]), KeyError::Form);
    assert_eq!(error("+c74f20a3+AQ=="), KeyError::Name(String::new()));
    assert_eq!(
        error(&PETER.replace("Neumann", " N")),
        KeyError::Name("Peter N".to_owned())
    );
    assert_eq!(error("name+c74f20a3+A"), KeyError::Base64);
    assert_eq!(error(&format!("{PETER}\n")), KeyError::Base64);
    assert_eq!(error("name+c74f20a3+"), KeyError::Length(0));
    // The vectors of the Go package: a longer key, and a kind that is not known, with their ids.
    assert_eq!(
        error("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="),
        KeyError::Base64
    );
    assert_eq!(
        error("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
        KeyError::Algorithm(0x65)
    );
    assert!(matches!(
        error(&PETER.replace("c74f20a3", "c74f20a4")),
        KeyError::Id { .. }
    ));
}

#[test]
fn a_public_key_under_which_anything_can_be_signed_is_refused() {
    let name: KeyName = "weak.example".parse().unwrap();
    // The neutral element, and a point of order 4.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for bytes in [neutral, [0; 32]] {
        let outcome = VerifierKey::new(name.clone(), KeyKind::Note, &bytes);
        assert_eq!(outcome, Err(KeyError::Point));
    }
    // A number that is the coordinate of no point.
    let mut none = [0; 32];
    none[0] = 2;
    let outcome = VerifierKey::new(name, KeyKind::Note, &none);
    assert_eq!(outcome, Err(KeyError::Point));
}

#[test]
fn names_that_notes_cannot_carry_are_refused() {
    for name in [
        "",
        " ",
        "a b",
        "a+b",
        "a\nb",
        "a\tb",
        "a\u{1}b",
        "a\u{a0}b",
        "a\u{2003}b",
        "a\u{3000}",
        "a\u{85}b",
    ] {
        assert!(name.parse::<KeyName>().is_err(), "{name:?}");
    }
    for name in [
        "contextrail/0198c5c1-7c1b-7000-8000-000000000001/acme",
        "contextrail/0198c5c1-7c1b-7000-8000-000000000001/acme/2",
        "müller.example",
        "—",
    ] {
        assert_eq!(name.parse::<KeyName>().unwrap().as_str(), name);
    }
}

#[test]
fn the_secret_is_not_shown() {
    let key: SigningKey = PETER_SECRET.parse().unwrap();
    let cosigner = Cosigner::new(key.clone());
    let secret = PETER_SECRET.rsplit('+').next().unwrap();
    for shown in [format!("{key:?}"), format!("{cosigner:?}")] {
        assert!(shown.contains("PeterNeumann"));
        assert!(
            !shown.contains(secret) && !shown.contains("129, 10, 20"),
            "{shown}"
        );
    }
    let wrong = PETER_SECRET.replace("c74f20a3", "c74f20a4");
    let error = wrong.parse::<SigningKey>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&secret[4..12]));
}

#[test]
fn the_kind_of_a_key_is_part_of_its_id() {
    let key = signing_key("witness.example", 3);
    let log = key.verifier_key();
    let witness = Cosigner::new(key).verifier_key();
    assert_eq!(log.public_key(), witness.public_key());
    assert_ne!(log.id(), witness.id());
    assert_eq!(witness.kind(), KeyKind::Cosignature);
    assert_eq!(verifier_key(&witness.to_string()), witness);
}

#[test]
fn a_secret_of_a_witness_or_of_another_length_is_refused() {
    let changed = |secret: &str| format!("PRIVATE+KEY+PeterNeumann+c74f20a3+{secret}");
    let error = |text: &str| text.parse::<SigningKey>().unwrap_err();
    assert_eq!(
        error(&changed("BIEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")),
        KeyError::Algorithm(4)
    );
    assert_eq!(
        error(&changed("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDE=")),
        KeyError::Length(31)
    );
    assert!(matches!(error(&changed("AYEK")), KeyError::Length(_)));
    assert_eq!(error(PETER), KeyError::Form);
}

#[test]
fn a_list_of_keys_is_read_line_by_line() {
    let text = format!("# the log\n{PETER}\r\n\n  {ENOCH}  \n");
    let keys = VerifierKey::parse_list(&text).unwrap();
    assert_eq!(keys, [verifier_key(PETER), verifier_key(ENOCH)]);
    let error = VerifierKey::parse_list(&format!("{PETER}\nnonsense\n")).unwrap_err();
    assert_eq!((error.line, error.source), (2, KeyError::Form));
    assert_eq!(VerifierKey::parse_list("# none\n"), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn keys_read_back_as_they_were(seed: [u8; 32], name in "[a-z./—]{1,20}") {
        let key = SigningKey::from_seed(name.parse().unwrap(), &seed);
        let again: SigningKey = key.to_secret_text().parse().unwrap();
        prop_assert_eq!(again.verifier_key(), key.verifier_key());
        let verifier = key.verifier_key();
        prop_assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
        prop_assert_eq!(verifier.id().to_string().parse::<KeyId>(), Ok(verifier.id()));
    }

    #[test]
    fn no_text_makes_reading_a_key_panic(text in "(PRIVATE\\+KEY\\+)?.{0,20}\\+?[0-9a-f]{0,9}\\+?.{0,50}") {
        drop(text.parse::<VerifierKey>());
        drop(text.parse::<SigningKey>());
        drop(VerifierKey::parse_list(&text));
    }
}
