//! Cosignatures of witnesses.

use contextrail::log::{
    Checkpoint, CheckpointError, Cosigner, NoteSignature, Quorum, QuorumError, SignedCheckpoint,
    VerifyError,
};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use proptest::prelude::*;

use super::keys::signing_key;

pub(super) fn cosigner(name: &str, seed: u8) -> Cosigner {
    Cosigner::new(signing_key(name, seed))
}

pub(super) fn signed(size: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new("log.example", size, [6; 32]).unwrap();
    SignedCheckpoint::sign(checkpoint, &signing_key("log.example", 1)).unwrap()
}

#[test]
fn what_is_signed_is_the_message_of_the_specification() {
    let witness = cosigner("witness.example", 2);
    let checkpoint = signed(7).checkpoint().clone();
    let signature = witness.cosign(&checkpoint, 1_679_315_147).unwrap();
    let (time, bytes) = signature.bytes().split_at(8);
    assert_eq!(time, 1_679_315_147_u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1679315147\n{checkpoint}");
    let key = VerifyingKey::from_bytes(witness.verifier_key().public_key()).unwrap();
    let signature = Signature::from_slice(bytes).unwrap();
    assert!(key.verify(message.as_bytes(), &signature).is_ok());
}

#[test]
fn a_cosignature_stands_for_its_checkpoint_time_and_witness_only() {
    let (witness, other) = (
        cosigner("witness.example", 2),
        cosigner("witness.example", 3),
    );
    let mut good = signed(7);
    let signature = witness.cosign(good.checkpoint(), 1_000).unwrap();
    good.add(signature.clone()).unwrap();
    assert_eq!(
        good.cosignatures(&[witness.verifier_key()]).unwrap()[0].time,
        Some(1_000)
    );
    assert_eq!(good.cosignatures(&[other.verifier_key()]), Ok(Vec::new()));

    let bad = |bytes: Vec<u8>, mut signed: SignedCheckpoint| {
        let changed = NoteSignature::new(signature.name().clone(), signature.id(), bytes).unwrap();
        signed.add(changed).unwrap();
        signed.cosignatures(&[witness.verifier_key()]).unwrap_err()
    };
    let bytes = signature.bytes().to_vec();
    let expected = VerifyError::BadSignature {
        name: signature.name().clone(),
        id: signature.id(),
    };
    assert_eq!(bad(bytes.clone(), signed(8)), expected);
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        assert_eq!(bad(changed, signed(7)), expected, "byte {place}");
    }
    for length in [1, 8, 64, 71, 73] {
        let mut changed = bytes.clone();
        changed.resize(length, 0);
        assert_eq!(bad(changed, signed(7)), expected, "{length} bytes");
    }
}

#[test]
fn a_key_of_a_log_makes_no_cosignature_and_one_of_a_witness_no_signature() {
    let (log, witness) = (signing_key("log.example", 1), cosigner("log.example", 1));
    let mut signed = signed(7);
    let cosignature = witness.cosign(signed.checkpoint(), 1).unwrap();
    signed.add(cosignature).unwrap();
    let keys = [log.verifier_key(), witness.verifier_key()];
    assert_eq!(signed.verify(&keys).unwrap().len(), 1);
    assert_eq!(signed.cosignatures(&keys).unwrap().len(), 1);
    assert_eq!(signed.verify(&keys[1..]), Err(VerifyError::Untrusted));
    assert_eq!(signed.cosignatures(&keys[..1]), Ok(Vec::new()));
}

#[test]
fn times_that_the_specification_does_not_allow_are_refused() {
    let witness = cosigner("witness.example", 2);
    let checkpoint = signed(7).checkpoint().clone();
    let latest = (1 << 63) - 1;
    assert!(witness.cosign(&checkpoint, latest).is_ok());
    assert_eq!(
        witness.cosign(&checkpoint, latest + 1),
        Err(CheckpointError::Time(latest + 1))
    );
}

#[test]
fn extension_lines_are_cosigned_too() {
    let witness = cosigner("witness.example", 2);
    let (log, keys) = (signing_key("log.example", 1), [witness.verifier_key()]);
    let checkpoint = signed(7)
        .checkpoint()
        .clone()
        .with_extension("more")
        .unwrap();
    let mut with = SignedCheckpoint::sign(checkpoint, &log).unwrap();
    let cosignature = witness.cosign(with.checkpoint(), 5).unwrap();
    with.add(cosignature.clone()).unwrap();
    assert_eq!(with.cosignatures(&keys).unwrap().len(), 1);
    let mut without = signed(7);
    without.add(cosignature).unwrap();
    assert!(without.cosignatures(&keys).is_err());
}

#[test]
fn of_an_answer_the_signatures_of_known_witnesses_are_taken() {
    let (known, unknown) = (cosigner("one.example", 2), cosigner("two.example", 3));
    let keys = [known.verifier_key()];
    let mut checkpoint = signed(7);
    let lines = |checkpoint: &SignedCheckpoint, cosigners: &[&Cosigner]| -> String {
        let line = |cosigner: &&Cosigner| cosigner.cosign(checkpoint.checkpoint(), 5).unwrap();
        cosigners.iter().map(|c| format!("{}\n", line(c))).collect()
    };
    let answer = lines(&checkpoint, &[&unknown, &known]);
    assert_eq!(checkpoint.add_cosignatures(&answer, &keys), Ok(1));
    assert_eq!(checkpoint.note().signatures().len(), 2);
    assert_eq!(checkpoint.cosignatures(&keys).unwrap().len(), 1);
    // The same answer again takes the place of the first.
    assert_eq!(checkpoint.add_cosignatures(&answer, &keys), Ok(1));
    assert_eq!(checkpoint.note().signatures().len(), 2);

    let before = checkpoint.clone();
    let wrong = lines(&signed(8), &[&known]);
    let outcome = checkpoint.add_cosignatures(&wrong, &keys);
    assert!(
        matches!(outcome, Err(CheckpointError::Cosignature(_))),
        "{outcome:?}"
    );
    for nonsense in ["", "\n", "no\n", "— a b\n", answer.trim_end()] {
        let outcome = checkpoint.add_cosignatures(nonsense, &keys);
        assert!(
            matches!(outcome, Err(CheckpointError::Note(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(checkpoint, before);
}

#[test]
fn a_quorum_that_cannot_be_meant_is_refused() {
    let (one, two) = (cosigner("one.example", 2), cosigner("two.example", 3));
    let keys = vec![one.verifier_key(), two.verifier_key()];
    assert_eq!(Quorum::of(2, keys.clone()).unwrap().witnesses(), keys);
    assert_eq!(Quorum::none().threshold(), 0);
    assert_eq!(
        Quorum::of(3, keys),
        Err(QuorumError::Threshold {
            threshold: 3,
            witnesses: 2
        })
    );
    let log = signing_key("log.example", 1).verifier_key();
    assert_eq!(
        Quorum::of(1, vec![log]),
        Err(QuorumError::NoWitness("log.example".to_owned()))
    );
    // One public key under two names would count twice.
    let twin = cosigner("twin.example", 2).verifier_key();
    assert_eq!(
        Quorum::of(1, vec![one.verifier_key(), twin]),
        Err(QuorumError::SameKey(
            "one.example".to_owned(),
            "twin.example".to_owned()
        ))
    );
}

proptest! {
    #[test]
    fn a_cosignature_says_its_time(seed: u8, time in 0_u64..1 << 63, size: u64) {
        let witness = cosigner("witness.example", seed);
        let mut signed = signed(size);
        signed.add(witness.cosign(signed.checkpoint(), time).unwrap()).unwrap();
        let again = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
        let keys = [witness.verifier_key()];
        prop_assert_eq!(again.cosignatures(&keys).unwrap()[0].time, Some(time));
    }
}
