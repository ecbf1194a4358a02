//! Checkpoints, alone and signed, with one of a public log.

use contextrail::log::{
    Checkpoint, CheckpointError, KeyKind, Note, NoteError, SignedCheckpoint, VerifierKey,
    VerifyError,
};
use proptest::prelude::*;

use super::keys::{signing_key, verifier_key};

/// A checkpoint as a public log of certificates published it, with its own signatures of two kinds
/// and those of four witnesses.
pub(super) const PUBLISHED: &str = "\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
pub(super) const PUBLISHED_LOG: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
pub(super) const PUBLISHED_WITNESS: &str =
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
    text.parse()
}

#[test]
fn a_published_checkpoint_is_verified_with_the_keys_of_its_log_and_a_witness() {
    let signed = SignedCheckpoint::parse(PUBLISHED.as_bytes()).unwrap();
    assert_eq!(signed.to_string(), PUBLISHED);
    assert_eq!(signed.checkpoint().size(), 1_432_088_532);
    let (log, witness) = (verifier_key(PUBLISHED_LOG), verifier_key(PUBLISHED_WITNESS));
    assert_eq!(
        (log.kind(), witness.kind()),
        (KeyKind::Note, KeyKind::Cosignature)
    );
    let keys = [log, witness];
    let verified = signed.verify(&keys).unwrap();
    assert_eq!(verified.len(), 1);
    assert_eq!((verified[0].key, verified[0].time), (&keys[0], None));
    let seen = signed.cosignatures(&keys).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].key, seen[0].time), (&keys[1], Some(0x6a12_2120)));
}

#[test]
fn a_changed_published_checkpoint_is_not_believed() {
    let changed = PUBLISHED.replace("1432088532", "1432088533");
    let signed = SignedCheckpoint::parse(changed.as_bytes()).unwrap();
    let (log, witness) = (verifier_key(PUBLISHED_LOG), verifier_key(PUBLISHED_WITNESS));
    assert!(matches!(
        signed.verify(&[log]),
        Err(VerifyError::BadSignature { .. })
    ));
    assert!(matches!(
        signed.cosignatures(&[witness]),
        Err(VerifyError::BadSignature { .. })
    ));
}

#[test]
fn the_example_of_the_specification_is_read_and_written() {
    let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
    let checkpoint = parse(&text).unwrap();
    assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size(), 20_852_163);
    assert_eq!(checkpoint.root()[..4], [0x0a, 0xc5, 0x18, 0x6a]);
    assert!(checkpoint.extensions().is_empty());
    assert_eq!(checkpoint.to_string(), text);
    let extended = parse(&format!("{text}one\ntwo\n")).unwrap();
    assert_eq!(extended.extensions(), ["one", "two"]);
    assert_eq!(extended.to_string(), format!("{text}one\ntwo\n"));
}

#[test]
fn malformed_checkpoints_are_refused_with_the_line() {
    use CheckpointError::{Extension, Origin, Root, Size};
    for (text, reason) in [
        ("\n".to_owned(), Origin),
        ("a\n".to_owned(), Size),
        (format!("\n1\n{ROOT}\n"), Origin),
        (format!("a\n\n{ROOT}\n"), Size),
        (format!("a\n01\n{ROOT}\n"), Size),
        (format!("a\n+1\n{ROOT}\n"), Size),
        (format!("a\n-1\n{ROOT}\n"), Size),
        (format!("a\n 1\n{ROOT}\n"), Size),
        (format!("a\n1x\n{ROOT}\n"), Size),
        (format!("a\n0x1\n{ROOT}\n"), Size),
        (format!("a\n18446744073709551616\n{ROOT}\n"), Size),
        ("a\n1\n".to_owned(), Root),
        ("a\n1\n\n".to_owned(), Root),
        ("a\n1\nAAAA\n".to_owned(), Root),
        (format!("a\n1\n{ROOT} \n"), Root),
        (format!("a\n1\n{}\n", ROOT.replace('=', "")), Root),
        (format!("a\n1\n{}\n", ROOT.replace("2I=", "2J=")), Root),
        (format!("a\n1\n{}\n", ROOT.replace('/', "_")), Root),
        (format!("a\n1\n{ROOT}\n\n"), Extension { number: 1 }),
        (format!("a\n1\n{ROOT}\nb\n\nc\n"), Extension { number: 2 }),
        (format!("a\n1\n{ROOT}"), NoteError::NoNewline.into()),
        (String::new(), NoteError::NoNewline.into()),
        (
            format!("a\r\n1\n{ROOT}\n"),
            NoteError::Control { offset: 1 }.into(),
        ),
    ] {
        assert_eq!(parse(&text), Err(reason), "{text:?}");
    }
    assert!(parse(&format!("a\n0\n{ROOT}\n")).is_ok());
    assert!(parse(&format!("a\n18446744073709551615\n{ROOT}\n")).is_ok());
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_not_made() {
    assert_eq!(
        Checkpoint::new("", 1, [0; 32]),
        Err(CheckpointError::Origin)
    );
    assert_eq!(
        Checkpoint::new("a\nb", 1, [0; 32]),
        Err(CheckpointError::Origin)
    );
    let good = Checkpoint::new("a", 1, [0; 32]).unwrap();
    for line in ["", "a\nb", "\u{7}"] {
        let outcome = good.clone().with_extension(line);
        assert_eq!(outcome, Err(CheckpointError::Extension { number: 1 }));
    }
}

#[test]
fn a_log_signs_under_its_own_name_only() {
    let origin = "contextrail/0198c5c1-7c1b-7000-8000-000000000001/acme";
    let key = signing_key(origin, 1);
    let checkpoint = Checkpoint::new(origin, 9, [4; 32]).unwrap();
    let signed = SignedCheckpoint::sign(checkpoint.clone(), &key).unwrap();
    assert_eq!(signed.verify(&[key.verifier_key()]).unwrap().len(), 1);
    assert_eq!(signed.note().text(), checkpoint.to_string());

    let next = key.with_name(format!("{origin}/2").parse().unwrap());
    assert!(matches!(
        SignedCheckpoint::sign(checkpoint.clone(), &next),
        Err(CheckpointError::OtherLog { .. })
    ));
    // A note that the key of another log signed well is none of this log.
    let signature = next.sign(&checkpoint.to_string()).unwrap();
    let note = Note::new(checkpoint.to_string(), vec![signature]).unwrap();
    assert!(note.verify(&[next.verifier_key()]).is_ok());
    let signed = SignedCheckpoint::from_note(note).unwrap();
    assert_eq!(
        signed.verify(&[next.verifier_key()]),
        Err(VerifyError::Untrusted)
    );
}

#[test]
fn a_log_that_changes_its_key_signs_with_both_for_a_while() {
    let (old, new) = (signing_key("log.example", 1), signing_key("log.example", 2));
    let checkpoint = Checkpoint::new("log.example", 9, [4; 32]).unwrap();
    let mut signed = SignedCheckpoint::sign(checkpoint, &old).unwrap();
    signed.add(new.sign(signed.note().text()).unwrap()).unwrap();
    let keys = [old.verifier_key(), new.verifier_key()];
    assert_eq!(signed.verify(&keys).unwrap().len(), 2);
    assert_eq!(signed.verify(&keys[..1]).unwrap().len(), 1);
    assert_eq!(signed.verify(&keys[1..]).unwrap().len(), 1);
}

#[test]
fn a_note_that_is_no_checkpoint_is_refused() {
    let key = signing_key("log.example", 1);
    let note = Note::new("hello\n", vec![key.sign("hello\n").unwrap()]).unwrap();
    assert_eq!(
        SignedCheckpoint::from_note(note),
        Err(CheckpointError::Size)
    );
    assert_eq!(
        SignedCheckpoint::parse(b"hello\n"),
        Err(NoteError::NoBlankLine.into())
    );
}

proptest! {
    #[test]
    fn checkpoints_read_back_as_they_were(
        origin in "[^\\x00-\\x1f]{1,30}",
        size: u64,
        root: [u8; 32],
        extensions in prop::collection::vec("[^\\x00-\\x1f]{1,10}", 0..3),
    ) {
        let bare = Checkpoint::new(origin.as_str(), size, root).unwrap();
        let checkpoint = extensions
            .iter()
            .try_fold(bare, Checkpoint::with_extension)
            .unwrap();
        prop_assert_eq!(parse(&checkpoint.to_string()), Ok(checkpoint.clone()));
        let theirs = tlog_tiles::Checkpoint::from_bytes(format!("{checkpoint}\n").as_bytes());
        if let Ok(theirs) = theirs {
            prop_assert_eq!((theirs.origin(), theirs.size()), (origin.as_str(), size));
            prop_assert_eq!(theirs.hash().0, root);
        }
    }

    #[test]
    fn one_changed_bit_of_a_published_checkpoint_is_noticed(at: prop::sample::Index, bit in 0_u8..8) {
        let keys: Vec<VerifierKey> = vec![verifier_key(PUBLISHED_LOG)];
        // The text and the two signatures of the log: the others are left alone.
        let end = PUBLISHED.find("— transparency.dev").unwrap();
        let start = PUBLISHED.find("— arche").unwrap();
        let second = start + PUBLISHED[start..].find("\n— arche").unwrap() + 1;
        let mut bytes = [&PUBLISHED[..start], &PUBLISHED[second..end]].concat().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let held = SignedCheckpoint::parse(&bytes).is_ok_and(|signed| signed.verify(&keys).is_ok());
        prop_assert!(!held);
    }
}
