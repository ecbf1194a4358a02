//! Proofs in files of their own.

use contextrail::log::{
    Checkpoint, CheckpointError, Hash, NoteError, ProofError, Quorum, SignedCheckpoint, TlogProof,
    TlogProofError, UnprovenError, VerifierKey, VerifyError,
};
use proptest::prelude::*;

use super::cosignature::cosigner;
use super::keys::signing_key;
use super::naive::{count, leaves, mth, path};

const LOG: &str = "contextrail/0198c5c1-7c1b-7000-8000-000000000001/acme";

fn log_keys() -> Vec<VerifierKey> {
    vec![signing_key(LOG, 1).verifier_key()]
}

fn checkpoint(leaves: &[Hash]) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(LOG, count(leaves.len()), mth(leaves)).unwrap();
    SignedCheckpoint::sign(checkpoint, &signing_key(LOG, 1)).unwrap()
}

fn proof(index: usize, leaves: &[Hash]) -> TlogProof {
    TlogProof::new(count(index), path(index, leaves), checkpoint(leaves)).unwrap()
}

fn parse(text: &str) -> Result<TlogProof, TlogProofError> {
    TlogProof::parse(text.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_proof_proves_its_entry_and_reads_back(
        size in 1_usize..200,
        at: prop::sample::Index,
        extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let leaves = leaves(size);
        let index = at.index(size);
        let mut proof = proof(index, &leaves);
        if let Some(extra) = extra.clone() {
            proof = proof.with_extra(extra).unwrap();
        }
        let again = TlogProof::parse(proof.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&again, &proof);
        prop_assert_eq!(again.extra(), extra.as_deref());
        let (keys, quorum) = (log_keys(), Quorum::none());
        let proven = again.verify(&leaves[index], &keys, &quorum).unwrap();
        prop_assert_eq!(proven.index, count(index));
        prop_assert_eq!(proven.checkpoint.size(), count(size));
        prop_assert_eq!(proven.signatures[0].key, &keys[0]);
        prop_assert!(proven.cosignatures.is_empty());
    }

    #[test]
    fn what_reads_as_a_proof_is_written_the_same(at: prop::sample::Index, by in "[ -~\n]?") {
        let mut text = proof(3, &leaves(9)).to_string();
        let place = at.index(text.find("contextrail").unwrap());
        text.replace_range(place..=place, &by);
        if let Ok(proof) = parse(&text) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}

#[test]
fn the_text_has_the_form_of_the_specification() {
    let leaves = leaves(2);
    let proof = proof(1, &leaves).with_extra(b"more".to_vec()).unwrap();
    let text = proof.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 1"]
    );
    assert_eq!(lines[3].len(), 44);
    assert_eq!(lines[4..6], ["", LOG]);
    assert!(text.ends_with(&checkpoint(&leaves).to_string()));
}

#[test]
fn each_thing_that_is_not_proved_is_named() {
    let leaves = leaves(9);
    let good = proof(3, &leaves);
    let verify = |proof: &TlogProof, leaf: &Hash, keys: &[VerifierKey], quorum: &Quorum| {
        proof.verify(leaf, keys, quorum).map(|_| ()).unwrap_err()
    };
    let none = Quorum::none();
    assert_eq!(
        verify(&good, &leaves[4], &log_keys(), &none),
        UnprovenError::Inclusion(ProofError::OtherRoot { size: 9 })
    );
    assert_eq!(
        verify(&good, &leaves[3], &[], &none),
        UnprovenError::Log(VerifyError::Untrusted)
    );
    let beyond = TlogProof::new(9, path(3, &leaves), checkpoint(&leaves)).unwrap();
    assert_eq!(
        verify(&beyond, &leaves[3], &log_keys(), &none),
        UnprovenError::Inclusion(ProofError::IndexBeyondTree { index: 9, size: 9 })
    );
    let changed = good.to_string().replace("\n9\n", "\n8\n");
    assert!(matches!(
        verify(&parse(&changed).unwrap(), &leaves[3], &log_keys(), &none),
        UnprovenError::Log(VerifyError::BadSignature { .. })
    ));
}

#[test]
fn as_many_witnesses_as_asked_for_must_have_seen_the_checkpoint() {
    let leaves = leaves(9);
    let (one, two) = (cosigner("one.example", 2), cosigner("two.example", 3));
    let mut seen = checkpoint(&leaves);
    seen.add(one.cosign(seen.checkpoint(), 77).unwrap())
        .unwrap();
    let proof = TlogProof::new(3, path(3, &leaves), seen.clone()).unwrap();
    let (keys, witnesses) = (log_keys(), vec![one.verifier_key(), two.verifier_key()]);

    let enough = Quorum::of(1, witnesses.clone()).unwrap();
    let proven = proof.verify(&leaves[3], &keys, &enough).unwrap();
    assert_eq!(proven.cosignatures[0].time, Some(77));
    assert_eq!(proven.cosignatures.len(), 1);

    let more = Quorum::of(2, witnesses.clone()).unwrap();
    assert_eq!(
        proof.verify(&leaves[3], &keys, &more).unwrap_err(),
        UnprovenError::Quorum {
            cosigned: 1,
            threshold: 2
        }
    );

    // A forged cosignature is an error even where none is asked for.
    let forged = two
        .cosign(&Checkpoint::new(LOG, 9, [1; 32]).unwrap(), 77)
        .unwrap();
    seen.add(forged).unwrap();
    let proof = TlogProof::new(3, path(3, &leaves), seen).unwrap();
    let reported = Quorum::of(0, witnesses).unwrap();
    assert!(matches!(
        proof.verify(&leaves[3], &keys, &reported).unwrap_err(),
        UnprovenError::Witness(VerifyError::BadSignature { .. })
    ));
    assert!(proof.verify(&leaves[3], &keys, &Quorum::none()).is_ok());
}

#[test]
fn malformed_proofs_are_refused_with_the_reason() {
    use TlogProofError::{Checkpoint, Extra, Hash, Header, Index, NoBlankLine, PathTooLong};
    let leaves = leaves(2);
    let good = proof(1, &leaves)
        .with_extra(b"more".to_vec())
        .unwrap()
        .to_string();
    let hash = good.lines().nth(3).unwrap().to_owned();
    let change = |from: &str, to: &str| good.replacen(from, to, 1);
    for (text, reason) in [
        (String::new(), Header),
        (change("@v1", "@v2"), Header),
        (change("@v1\n", "@v1\r\n"), Header),
        (format!("\n{good}"), Header),
        (format!("\u{feff}{good}"), Header),
        ("c2sp.org/tlog-proof@v1\n".to_owned(), NoBlankLine),
        (good[..good.find("\n\n").unwrap()].to_owned(), NoBlankLine),
        (change("extra bW9yZQ==", "extra bW9yZQ"), Extra),
        (change("extra bW9yZQ==", "extra bW9yZR=="), Extra),
        (change("extra bW9yZQ==", "extra *"), Extra),
        (change("extra bW9yZQ==", "extra"), Index),
        (
            change("extra bW9yZQ==", "extra bW9yZQ==\nextra bW9yZQ=="),
            Index,
        ),
        (
            change("extra bW9yZQ==\nindex 1", "index 1\nextra bW9yZQ=="),
            Hash { number: 1 },
        ),
        (change("index 1\n", ""), Index),
        (change("index 1", "index"), Index),
        (change("index 1", "index 01"), Index),
        (change("index 1", "index -1"), Index),
        (change("index 1", "index  1"), Index),
        (change("index 1", "Index 1"), Index),
        (change("index 1", "index 18446744073709551616"), Index),
        (change("index 1", "index 1\nindex 1"), Hash { number: 1 }),
        (change(&hash, &hash[1..]), Hash { number: 1 }),
        (change(&hash, &format!("{hash}\nx")), Hash { number: 2 }),
        (
            change(&hash, format!("{hash}\n").repeat(65).trim_end()),
            PathTooLong,
        ),
        (
            change(&format!("{hash}\n\n"), &format!("{hash}\n\n\n")),
            Checkpoint(CheckpointError::Origin),
        ),
        (change("\n\n", "\n\nx\n"), Checkpoint(CheckpointError::Size)),
        (
            good.trim_end().to_owned(),
            Checkpoint(NoteError::NoNewline.into()),
        ),
        (
            format!("{good}x\n"),
            Checkpoint(NoteError::SignatureLine { number: 2 }.into()),
        ),
    ] {
        assert_eq!(parse(&text), Err(reason), "{text:?}");
    }
    let bytes = [good.as_bytes(), b"\xff"].concat();
    assert_eq!(
        TlogProof::parse(&bytes),
        Err(TlogProofError::NotUtf8 { offset: good.len() })
    );
    let bytes = vec![b'a'; 3_000_000];
    assert_eq!(
        TlogProof::parse(&bytes),
        Err(TlogProofError::TooLong { bytes: 3_000_000 })
    );
}

#[test]
fn proofs_that_no_reader_takes_are_not_made() {
    let leaves = leaves(2);
    let long = TlogProof::new(0, vec![[0; 32]; 65], checkpoint(&leaves));
    assert_eq!(long, Err(TlogProofError::PathTooLong));
    let extra = proof(0, &leaves).with_extra(vec![0; 750_001]);
    assert_eq!(extra, Err(TlogProofError::TooLong { bytes: 750_001 }));
    let most = proof(0, &leaves).with_extra(vec![0; 750_000]).unwrap();
    assert_eq!(parse(&most.to_string()), Ok(most));
}
