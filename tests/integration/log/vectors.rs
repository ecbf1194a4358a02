//! The public proof vectors. `rfc6962.json` holds the test data of
//! `github.com/transparency-dev/merkle` (Apache-2.0), 98 inclusion and 98 consistency proofs, good
//! and bad, gathered in one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contextrail::log::{Hash, verify_consistency, verify_inclusion};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("rfc6962.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

/// A hash of a vector. Where there is none, or one of another length, a hash that belongs to no
/// tree stands for it: here hashes have their length by type.
fn hash(vector: &Value, name: &str) -> Hash {
    match vector[name].as_str() {
        None | Some("") => Sha256::digest(name).into(),
        Some(text) => to_hash(text),
    }
}

fn to_hash(text: &str) -> Hash {
    let bytes = STANDARD.decode(text).unwrap();
    bytes
        .try_into()
        .unwrap_or_else(|other: Vec<u8>| Sha256::digest(other).into())
}

fn path(vector: &Value) -> Vec<Hash> {
    let proof = vector["proof"].as_array();
    proof
        .into_iter()
        .flatten()
        .map(|hash| to_hash(hash.as_str().unwrap()))
        .collect()
}

fn number(vector: &Value, name: &str) -> u64 {
    vector[name].as_u64().unwrap()
}

#[test]
fn the_public_inclusion_vectors_have_their_outcome() {
    let vectors = vectors("inclusion");
    assert_eq!(vectors.len(), 98);
    for vector in &vectors {
        let outcome = verify_inclusion(
            number(vector, "leafIdx"),
            number(vector, "treeSize"),
            &hash(vector, "leafHash"),
            &path(vector),
            &hash(vector, "root"),
        );
        assert_eq!(outcome.is_err(), vector["wantErr"], "{vector}: {outcome:?}");
    }
}

#[test]
fn the_public_consistency_vectors_have_their_outcome() {
    let vectors = vectors("consistency");
    assert_eq!(vectors.len(), 98);
    for vector in &vectors {
        let outcome = verify_consistency(
            number(vector, "size1"),
            number(vector, "size2"),
            &hash(vector, "root1"),
            &hash(vector, "root2"),
            &path(vector),
        );
        assert_eq!(outcome.is_err(), vector["wantErr"], "{vector}: {outcome:?}");
    }
}
