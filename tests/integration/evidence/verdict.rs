//! Sound bundles, other keys, other heads.

use contextrail::evidence::{KnownHead, PackError, Redactions, State, Verifier, Withheld, pack};
use contextrail::log::{Checkpoint, Cosigner, SignedCheckpoint, SigningKey};

use super::both::Both;
use super::sealed_log::{SealedLog, consistency, origin};

#[test]
fn a_bundle_of_each_kind_verifies() {
    let log = SealedLog::new();
    let mut both = Both::new(log.keys());
    for (kind, bundle) in log.bundles() {
        both.add(kind, bundle);
    }
    for (kind, verdict) in both.judge() {
        assert_eq!(verdict.state, "verified", "{kind}: {verdict:?}");
    }
}

#[test]
fn the_report_counts_what_was_checked() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let report = Verifier::new(log.keys()).verify(&bundle).unwrap();
    let checked = report.checked;
    assert_eq!((checked.records, checked.proofs), (5, 5));
    assert_eq!((checked.signatures, checked.cosignatures), (1, 1));
    assert_eq!((checked.references, checked.files), (5, 18));
    assert_eq!(checked.texts, 3);
    assert!(checked.fields_shown > 50);
    assert_eq!(report.signed_by.len(), 2);
    assert!(
        report
            .not_checked
            .iter()
            .all(|it| it.starts_with("custody.json: ")),
        "{:?}",
        report.not_checked
    );
    assert!(report.not_proved.contains("not proved"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let log = SealedLog::new();
    let mut shuffled = log.decision_input();
    shuffled.records.reverse();
    assert_eq!(pack(log.decision_input()).unwrap(), pack(shuffled).unwrap());
}

#[test]
fn a_bundle_that_shows_nothing_is_valid_and_empty() {
    let log = SealedLog::new();
    let mut both = Both::new(log.keys());
    for depth in [Withheld::Value, Withheld::Field] {
        let mut input = log.decision_input();
        let classes = ["plain", "confidential", "personal"];
        input.redactions = classes
            .iter()
            .fold(Redactions::new("secret"), |all, class| {
                all.with(depth, class.parse().unwrap())
            });
        both.add(format!("{depth:?}"), pack(input).unwrap());
    }
    for (depth, verdict) in both.judge() {
        assert_eq!(verdict.state, "valid_but_empty", "{depth}: {verdict:?}");
    }
}

#[test]
fn without_a_trusted_key_nothing_is_verified() {
    let log = SealedLog::new();
    let other = SigningKey::from_seed(origin("default").parse().unwrap(), &[9; 32]);
    let elsewhere = log.log_key.with_name(origin("other").parse().unwrap());
    for keys in [
        Vec::new(),
        vec![other.verifier_key()],
        vec![elsewhere.verifier_key()],
    ] {
        let mut both = Both::new(keys);
        for (kind, bundle) in log.bundles() {
            both.add(kind, bundle);
        }
        for (_, verdict) in both.judge() {
            assert_eq!(verdict.state, "failed");
        }
    }
}

#[test]
fn a_trusted_witness_has_to_have_cosigned() {
    let log = SealedLog::new();
    let name = "other.example".parse().unwrap();
    let absent = Cosigner::new(SigningKey::from_seed(name, &[3; 32]));
    let bundle = pack(log.range_input()).unwrap();
    let mut keys = log.keys();
    keys.push(absent.verifier_key());
    let mut both = Both::new(keys);
    both.add("range", bundle);
    let (_, verdict) = both.judge().remove(0);
    assert_eq!(verdict.state, "failed");
    assert!(verdict.files.contains("proofs/0.tlog-proof"));
}

#[test]
fn signatures_of_keys_not_given_are_listed_as_not_checked() {
    let log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    let report = Verifier::new(vec![log.log_key.verifier_key()])
        .verify(&bundle)
        .unwrap();
    assert_eq!(report.state, State::Verified);
    assert!(
        report
            .not_checked
            .iter()
            .any(|it| it.contains("witness.example"))
    );
}

fn judged(log: &SealedLog, bundle: &[u8], head: KnownHead) -> String {
    let mut both = Both::new(log.keys()).with_head(head);
    both.add("known head", bundle.to_vec());
    both.judge().remove(0).1.state
}

#[test]
fn a_known_head_is_compared() {
    let mut log = SealedLog::new();
    let same = log.head();
    let bundle = pack(log.range_input()).unwrap();
    let size = log.records.len();
    let context = crate::sample::context(serde_json::json!({}));
    log.append(
        contextrail::record::Draft::new(crate::sample::id(8), context),
        &[],
    );
    let proof = consistency(size, &log.leaves());
    let wrong = vec![[0; 32]; proof.len()];
    for (checkpoint, consistency, state) in [
        (same, None, "verified"),
        (log.head(), Some(proof), "verified"),
        (log.head(), None, "verified"),
        (log.head(), Some(wrong), "failed"),
        (log.head_at(3), None, "verified"),
        (
            log.head_at(3),
            Some(consistency(3, &log.leaves()[..size])),
            "verified",
        ),
    ] {
        let head = KnownHead {
            checkpoint,
            consistency,
        };
        assert_eq!(judged(&log, &bundle, head.clone()), state, "{head:?}");
    }
}

#[test]
fn two_histories_of_one_log_are_found() {
    let log = SealedLog::new();
    let bundle = pack(log.range_input()).unwrap();
    let size = u64::try_from(log.records.len()).unwrap();
    let forked = Checkpoint::new(origin("default"), size, [7; 32]).unwrap();
    let signed = SignedCheckpoint::sign(forked.clone(), &log.log_key).unwrap();
    let other = SigningKey::from_seed(origin("other").parse().unwrap(), &[1; 32]);
    let elsewhere = Checkpoint::new(origin("other"), size, [7; 32]).unwrap();
    let elsewhere = SignedCheckpoint::sign(elsewhere, &other).unwrap();
    for checkpoint in [signed, elsewhere] {
        let head = KnownHead {
            checkpoint,
            consistency: None,
        };
        assert_eq!(judged(&log, &bundle, head), "failed");
    }
}

#[test]
fn proofs_against_different_heads_are_not_packed() {
    let mut log = SealedLog::new();
    let mut input = log.range_input();
    let context = crate::sample::context(serde_json::json!({}));
    log.append(
        contextrail::record::Draft::new(crate::sample::id(8), context),
        &[],
    );
    input.records[1] = log.packed_record(1);
    assert!(matches!(pack(input), Err(PackError::TwoCheckpoints { .. })));
    let mut empty = log.range_input();
    empty.records.clear();
    assert!(matches!(pack(empty), Err(PackError::Empty)));
    let mut twice = log.range_input();
    twice.records.push(log.packed_record(0));
    assert!(matches!(pack(twice), Err(PackError::Twice { .. })));
}

#[test]
fn what_is_no_bundle_is_said_to_be_none() {
    let log = SealedLog::new();
    let other = std::collections::BTreeMap::from([("a.txt".to_owned(), b"a".to_vec())]);
    let zip = super::zip::Zip::of(&other).bytes();
    let mut both = Both::new(log.keys());
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("text", b"hello"),
        ("another zip", &zip),
    ] {
        both.add(name, bytes.to_vec());
    }
    for (name, verdict) in both.judge() {
        assert_eq!(verdict.state, "not_a_bundle", "{name}");
    }
}
