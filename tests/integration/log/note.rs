//! Signed notes, with the example of `golang.org/x/mod/sumdb/note`.

use std::slice;

use contextrail::log::{
    KeyId, MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, NoteSignature, SigningKey, VerifierKey,
    VerifyError,
};
use proptest::prelude::*;

use super::keys::{ENOCH, PETER, PETER_SECRET, signing_key, verifier_key};

const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const PETERS: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCHS: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn parse(text: &str) -> Result<Note, NoteError> {
    Note::parse(text.as_bytes())
}

fn note(text: &str) -> Note {
    parse(text).unwrap()
}

/// The names of the keys that signed.
fn signers(note: &Note, keys: &[VerifierKey]) -> Result<Vec<String>, VerifyError> {
    let verified = note.verify(keys)?;
    Ok(verified.iter().map(|v| v.key.name().to_string()).collect())
}

#[test]
fn the_known_note_is_signed_and_verified() {
    let key: SigningKey = PETER_SECRET.parse().unwrap();
    let signed = Note::new(TEXT, vec![key.sign(TEXT).unwrap()]).unwrap();
    assert_eq!(signed.to_string(), format!("{TEXT}\n{PETERS}"));

    let (peter, enoch) = (verifier_key(PETER), verifier_key(ENOCH));
    let both = note(&format!("{TEXT}\n{PETERS}{ENOCHS}"));
    assert_eq!(both.text(), TEXT);
    assert_eq!(
        signers(&both, slice::from_ref(&peter)).unwrap(),
        ["PeterNeumann"]
    );
    assert_eq!(
        signers(&both, &[enoch.clone(), peter.clone()]).unwrap(),
        ["PeterNeumann", "EnochRoot"]
    );
    assert_eq!(signers(&both, &[]), Err(VerifyError::Untrusted));
    let repeated = note(&format!("{TEXT}\n{PETERS}{PETERS}"));
    assert_eq!(
        signers(&repeated, &[peter, enoch]).unwrap(),
        ["PeterNeumann"]
    );
}

#[test]
fn the_example_of_the_specification_is_read() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\
        ed è subito sera.\n";
    let line = "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = note(&format!("{text}\n{line}"));
    assert_eq!(note.text(), text);
    let signature = &note.signatures()[0];
    assert_eq!(signature.name().as_str(), "quasimodo.example/salvatore");
    assert_eq!(signature.id(), KeyId::from_bytes([0x36, 0x7b, 0xa0, 0x4b]));
    assert_eq!(signature.bytes().len(), 64);
    assert_eq!(note.to_string(), format!("{text}\n{line}"));
}

#[test]
fn a_changed_note_is_not_believed_even_if_others_signed_well() {
    let keys = [verifier_key(PETER), verifier_key(ENOCH)];
    let bad = |text: String| signers(&note(&text), &keys).unwrap_err();
    let expected = |key: &VerifierKey| VerifyError::BadSignature {
        name: key.name().clone(),
        id: key.id(),
    };
    let changed = TEXT.replace("answer", "Answer");
    assert_eq!(bad(format!("{changed}\n{PETERS}")), expected(&keys[0]));
    let forged = ENOCHS.replace("zmZa0", "zmZa1");
    assert_eq!(bad(format!("{TEXT}\n{PETERS}{forged}")), expected(&keys[1]));
    let longer = PETERS.replace("UgYN1", "UgYN1ABCD");
    assert_eq!(bad(format!("{TEXT}\n{longer}")), expected(&keys[0]));
    let second = PETERS.replace("UgYN1", "UgYN2");
    assert_eq!(bad(format!("{TEXT}\n{PETERS}{second}")), expected(&keys[0]));
}

#[test]
fn signatures_that_share_only_the_name_or_only_the_id_of_a_key_are_left_alone() {
    let keys = [verifier_key(PETER)];
    let other_name = PETERS.replace("PeterNeumann", "CarmenSandiego");
    let other_id = PETERS.replace("x08g", "xxxx");
    for line in [other_name, other_id] {
        let alone = note(&format!("{TEXT}\n{line}"));
        assert_eq!(signers(&alone, &keys), Err(VerifyError::Untrusted));
        let beside = note(&format!("{TEXT}\n{line}{PETERS}"));
        assert_eq!(signers(&beside, &keys).unwrap(), ["PeterNeumann"]);
    }
}

#[test]
fn the_same_trusted_key_twice_is_one_key() {
    let keys = [verifier_key(PETER), verifier_key(PETER)];
    let signed = note(&format!("{TEXT}\n{PETERS}"));
    assert_eq!(signers(&signed, &keys).unwrap(), ["PeterNeumann"]);
}

#[test]
fn malformed_notes_are_refused_with_the_reason() {
    use NoteError::{
        Control, NoBlankLine, NoNewline, NoSignature, NotUtf8, SignatureLine, TooManySignatures,
    };
    let cut = PETERS.trim_end();
    for (text, reason) in [
        (String::new(), NoBlankLine),
        (TEXT.to_owned(), NoBlankLine),
        (format!("{TEXT}\n"), NoSignature),
        (format!("{TEXT}{PETERS}"), NoBlankLine),
        (format!("{TEXT}\n{cut}"), NoNewline),
        (format!("\u{1}{TEXT}\n{PETERS}"), Control { offset: 0 }),
        (format!("a\r\n\n{PETERS}"), Control { offset: 1 }),
        (format!("a\tb\n\n{PETERS}"), Control { offset: 1 }),
        (
            format!("{TEXT}\n{PETERS}Unexpected line.\n"),
            SignatureLine { number: 2 },
        ),
        (format!("{TEXT}\n{PETERS}\n"), NoSignature),
        (
            format!("{TEXT}\n{}", PETERS.replace('—', "-")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("— ", "—")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("Peter", "Peter ")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("Peter", "Peter+")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("x08g", "x08")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace('=', "")),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.replace("nAM=", "nAN=")),
            SignatureLine { number: 1 },
        ),
        (format!("{TEXT}\n— a \n"), SignatureLine { number: 1 }),
        (format!("{TEXT}\n— a x08g\n"), SignatureLine { number: 1 }),
        // Four bytes of id and nothing after them.
        (
            format!("{TEXT}\n— a x08goA==\n"),
            SignatureLine { number: 1 },
        ),
        (
            format!("{TEXT}\n{}", PETERS.repeat(MAX_SIGNATURES + 1)),
            TooManySignatures,
        ),
    ] {
        assert_eq!(parse(&text), Err(reason), "{text:?}");
    }
    let bytes = [b"\xff", TEXT.as_bytes(), b"\n", PETERS.as_bytes()].concat();
    assert_eq!(Note::parse(&bytes), Err(NotUtf8 { offset: 0 }));
    assert!(parse(&format!("{TEXT}\n{}", PETERS.repeat(MAX_SIGNATURES))).is_ok());
}

#[test]
fn long_notes_are_refused_when_read_and_when_made() {
    let exact = MAX_NOTE_BYTES - PETERS.len() - 1;
    let text = |length: usize| format!("{}\n", "a".repeat(length - 1));
    assert!(parse(&format!("{}\n{PETERS}", text(exact))).is_ok());
    let bytes = MAX_NOTE_BYTES + 1;
    let long = format!("{}\n{PETERS}", text(exact + 1));
    assert_eq!(parse(&long), Err(NoteError::TooLong { bytes }));
    let signature: NoteSignature = PETERS.trim_end().parse().unwrap();
    let made = Note::new(text(exact + 1), vec![signature.clone()]);
    assert_eq!(made, Err(NoteError::TooLong { bytes }));
    assert!(Note::new(text(exact), vec![signature]).is_ok());
}

#[test]
fn texts_that_no_note_can_have_are_not_signed() {
    let key = signing_key("example.com", 1);
    assert_eq!(key.sign("abc"), Err(NoteError::NoNewline));
    assert_eq!(key.sign(""), Err(NoteError::NoNewline));
    assert_eq!(key.sign("a\rb\n"), Err(NoteError::Control { offset: 1 }));
    assert_eq!(Note::new("abc\n", Vec::new()), Err(NoteError::NoSignature));
    let signature = key.sign("abc\n").unwrap();
    assert_eq!(Note::new("abc", vec![signature]), Err(NoteError::NoNewline));
    let name = key.name().clone();
    let empty = NoteSignature::new(name, KeyId::from_bytes([0; 4]), Vec::new());
    assert_eq!(empty, Err(NoteError::NoSignature));
}

#[test]
fn a_new_signature_takes_the_place_of_the_one_by_the_same_key() {
    let (first, second) = (signing_key("a.example", 1), signing_key("b.example", 2));
    let mut note = Note::new("text\n", vec![second.sign("other\n").unwrap()]).unwrap();
    note.add(first.sign("text\n").unwrap()).unwrap();
    note.add(second.sign("text\n").unwrap()).unwrap();
    let keys = [first.verifier_key(), second.verifier_key()];
    assert_eq!(signers(&note, &keys).unwrap(), ["a.example", "b.example"]);
    assert_eq!(note.signatures().len(), 2);
}

#[test]
fn a_full_note_refuses_another_signature_and_stays_as_it_was() {
    let signature = |number: usize| {
        let name = format!("s{number}.example").parse().unwrap();
        NoteSignature::new(name, KeyId::from_bytes([1; 4]), vec![1]).unwrap()
    };
    let full: Vec<NoteSignature> = (0..MAX_SIGNATURES).map(signature).collect();
    let mut note = Note::new("text\n", full).unwrap();
    let before = note.clone();
    let refused = note.add(signature(MAX_SIGNATURES));
    assert_eq!(refused, Err(NoteError::TooManySignatures));
    assert_eq!(note, before);
}

#[test]
fn rotated_keys_of_one_name_are_told_apart() {
    let (old, new) = (signing_key("log.example", 1), signing_key("log.example", 2));
    let signatures = vec![old.sign("text\n").unwrap(), new.sign("text\n").unwrap()];
    let note = Note::new("text\n", signatures).unwrap();
    for key in [&old, &new] {
        let keys = [key.verifier_key()];
        assert_eq!(note.verify(&keys).unwrap()[0].key, &keys[0]);
    }
    assert_eq!(
        note.verify(&[old.verifier_key(), new.verifier_key()])
            .unwrap()
            .len(),
        2
    );
}

proptest! {
    #[test]
    fn a_signed_text_verifies_and_reads_back(lines in prop::collection::vec("[^\\x00-\\x1f]{0,20}", 1..6), seed: [u8; 32]) {
        let key = SigningKey::from_seed("prop.example".parse().unwrap(), &seed);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let note = Note::new(text.as_str(), vec![key.sign(&text).unwrap()]).unwrap();
        let again = Note::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&again, &note);
        prop_assert_eq!(again.text(), text.as_str());
        prop_assert_eq!(again.verify(&[key.verifier_key()]).unwrap().len(), 1);
    }

    #[test]
    fn one_changed_bit_is_noticed(at: prop::sample::Index, bit in 0_u8..8) {
        let good = format!("{TEXT}\n{PETERS}").into_bytes();
        let mut bad = good.clone();
        bad[at.index(good.len())] ^= 1 << bit;
        let held = Note::parse(&bad).is_ok_and(|note| note.verify(&[verifier_key(PETER)]).is_ok());
        prop_assert!(!held);
    }

    #[test]
    fn what_reads_as_a_note_is_written_the_same(middle in "[ -~\\n—]{0,60}", tail in "[ -~\\n—]{0,30}") {
        let text = format!("{middle}\n\n{PETERS}{tail}");
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
