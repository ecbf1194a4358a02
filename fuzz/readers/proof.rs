//! Proofs and requests to witnesses: what is read is written again to the same bytes, and checking
//! it ends.

use contextrail::log::{AddCheckpoint, TlogProof, TreeHead, verify_consistency, verify_inclusion};

pub(super) fn run(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
        let head = proof.checkpoint().checkpoint();
        let _ = verify_inclusion(
            proof.index(),
            head.size(),
            &[0; 32],
            proof.path(),
            head.root(),
        );
    }
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(request.to_string().as_bytes(), data);
        assert!(
            request.check(&[], &TreeHead::empty()).is_err(),
            "nobody is trusted"
        );
    }
    hashes(data);
}

/// Proofs of any shape, out of the bytes as they are.
fn hashes(data: &[u8]) {
    let Some((sizes, rest)) = data.split_first_chunk::<16>() else {
        return;
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (first, second) = (number(&sizes[..8]), number(&sizes[8..]));
    let path: Vec<[u8; 32]> = rest
        .chunks_exact(32)
        .filter_map(|it| it.try_into().ok())
        .collect();
    let [first_root, second_root, path @ ..] = path.as_slice() else {
        return;
    };
    let _ = verify_inclusion(first, second, first_root, path, second_root);
    let _ = verify_consistency(first, second, first_root, second_root, path);
}
