//! The published crate `signed_note` as a second opinion on keys and notes.

use contextrail::log::{Note, SigningKey, VerifierKey};
use proptest::prelude::*;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, VerifierList};

use super::keys::{ENOCH, PETER, PETER_SECRET};

fn theirs_verifies(note: &[u8], key: &str) -> bool {
    let verifier = StandardVerifier::new(key).unwrap();
    let list = VerifierList::new(vec![Box::new(verifier)]);
    signed_note::Note::from_bytes(note).is_ok_and(|note| note.verify(&list).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_one_signs_the_other_verifies(
        seed: [u8; 32],
        name in "[a-z./]{1,20}",
        text in "([^\\x00-\\x1f]{0,20}\n){1,4}",
    ) {
        let key = SigningKey::from_seed(name.parse().unwrap(), &seed);
        let verifier = key.verifier_key();
        let ours = Note::new(text.as_str(), vec![key.sign(&text).unwrap()]).unwrap();
        prop_assert!(theirs_verifies(ours.to_string().as_bytes(), &verifier.to_string()));

        let signer = StandardSigner::new(&key.to_secret_text()).unwrap();
        prop_assert_eq!(signer.key_id().to_be_bytes(), *verifier.id().as_bytes());
        let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        theirs.add_sigs(&[&signer]).unwrap();
        prop_assert_eq!(theirs.to_bytes(), ours.to_string().into_bytes());
        let read = Note::parse(&theirs.to_bytes()).unwrap();
        prop_assert_eq!(read.verify(&[verifier]).unwrap().len(), 1);
    }

    #[test]
    fn both_read_the_same_notes(
        head in "[a-z—\\n\\x01]{0,20}",
        name in "[a-z+ \u{a0}]{0,6}",
        signature in "[A-Za-z0-9+/]{0,12}={0,2}",
        tail in "\n?",
    ) {
        let text = format!("{head}\n\n— {name} {signature}{tail}");
        let (ours, theirs) = (Note::parse(text.as_bytes()), signed_note::Note::from_bytes(text.as_bytes()));
        // An id with no signature after it is refused here alone: the Go package refuses it too.
        let empty = ours.is_err() && signature.trim_end_matches('=').len() == 6;
        prop_assert!(empty || ours.is_ok() == theirs.is_ok(), "{:?}", ours);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());
        }
    }

    #[test]
    fn both_take_the_same_keys(at: prop::sample::Index, to in "[ -~]") {
        for text in [PETER, ENOCH] {
            let mut changed = text.to_owned();
            let place = at.index(text.len());
            changed.replace_range(place..=place, &to);
            let (ours, theirs) = (changed.parse::<VerifierKey>(), StandardVerifier::new(&changed));
            // The crate reads ids in capital letters too.
            let capitals = changed.to_lowercase() == text.to_lowercase();
            prop_assert!(ours.is_ok() == theirs.is_ok() || capitals, "{}", changed);
        }
    }
}

#[test]
fn the_known_key_is_the_same_to_both() {
    let signer = StandardSigner::new(PETER_SECRET).unwrap();
    let key: SigningKey = PETER_SECRET.parse().unwrap();
    assert_eq!(
        signer.sign(b"text\n").unwrap(),
        key.sign("text\n").unwrap().bytes()
    );
}
