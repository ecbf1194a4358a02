//! A changed byte never makes a token say something else.

use std::ops::Range;

use contextrail::timestamp::{Request, Token, TrustAnchors, Verified};
use proptest::prelude::{any, proptest};

use crate::timestamp::forge::hash;
use crate::timestamp::good::{IMPRINT, roots_of, token_of};
use crate::timestamp::tsa::{self, Kind, Tsa};

/// The positions of `token` at which a changed byte leaves it saying what it said; at none may it
/// say something else. The changes are XORed with the byte at their position.
fn positions_that_do_not_matter(
    token: &Token,
    roots: &TrustAnchors,
    changes: fn(usize) -> Vec<u8>,
) -> Vec<usize> {
    let said = token.verify(&IMPRINT, roots).unwrap();
    let mut positions = Vec::new();
    for position in 0..token.as_der().len() {
        for change in changes(position) {
            let mut bytes = token.as_der().to_vec();
            bytes[position] ^= change;
            if let Some(says) = verified(&bytes, roots) {
                assert_eq!(says, said, "byte {position} ^ {change}");
                positions.push(position);
            }
        }
    }
    positions.dedup();
    positions
}

fn every_bit(_: usize) -> Vec<u8> {
    (0..8).map(|bit| 1 << bit).collect()
}

/// A bit that moves along with the position, and all bits: an eighth of the time, every byte.
fn a_moving_bit(position: usize) -> Vec<u8> {
    vec![1 << (position % 8), 0xff]
}

fn verified(bytes: &[u8], roots: &TrustAnchors) -> Option<Verified> {
    Token::parse(bytes).ok()?.verify(&IMPRINT, roots).ok()
}

fn place_of(part: &[u8], whole: &[u8]) -> Range<usize> {
    let start = whole
        .windows(part.len())
        .position(|window| window == part)
        .unwrap();
    start..start + part.len()
}

#[test]
fn every_bit_of_a_token_matters() {
    let tsa = tsa::start(Kind::P256);
    let positions = positions_that_do_not_matter(&token_of(&tsa), &roots_of(&tsa), every_bit);
    assert!(positions.is_empty(), "{positions:?}");
}

#[test]
fn every_byte_of_a_token_matters_whoever_made_it() {
    for kind in [
        Kind::Rsa,
        Kind::P384,
        Kind::FirstReference,
        Kind::Intermediate,
    ] {
        let tsa = tsa::start(kind);
        let positions =
            positions_that_do_not_matter(&token_of(&tsa), &roots_of(&tsa), a_moving_bit);
        assert!(positions.is_empty(), "{kind:?}: {positions:?}");
    }
}

#[test]
fn only_certificates_that_are_not_needed_can_be_changed() {
    let tsa = tsa::start(Kind::WithRoot);
    let token = token_of(&tsa);
    let root = place_of(&tsa.certificate("ca.pem"), token.as_der());
    let positions = positions_that_do_not_matter(&token, &roots_of(&tsa), a_moving_bit);
    assert!(!positions.is_empty());
    assert!(
        positions.iter().all(|position| root.contains(position)),
        "{positions:?}"
    );
}

#[test]
fn a_changed_answer_gives_the_same_token_or_none() {
    let tsa = tsa::start(Kind::P256);
    let request = Request::new(IMPRINT, 7);
    let answer = tsa.ask(&request.to_der());
    let token = Token::from_response(&answer, &request).unwrap();
    let inside = place_of(token.as_der(), &answer);
    for position in 0..answer.len() {
        for change in a_moving_bit(position) {
            let mut changed = answer.clone();
            changed[position] ^= change;
            if let Ok(says) = Token::from_response(&changed, &request) {
                assert!(says == token, "byte {position} ^ {change}");
                assert!(!inside.contains(&position), "byte {position} ^ {change}");
            }
        }
    }
}

#[test]
fn a_byte_set_to_anything_never_changes_what_is_said() {
    let tsa = tsa::start(Kind::P256);
    let (token, roots) = (token_of(&tsa), roots_of(&tsa));
    let said = token.verify(&IMPRINT, &roots).unwrap();
    proptest!(|(position in 0..token.as_der().len(), byte in any::<u8>())| {
        let mut bytes = token.as_der().to_vec();
        bytes[position] = byte;
        if let Some(says) = verified(&bytes, &roots) {
            assert_eq!(says, said);
        }
    });
}

#[test]
fn parts_of_two_tokens_do_not_make_a_third() {
    let (tsa, other) = (tsa::start(Kind::P256), tsa::start(Kind::P256));
    let roots = both_roots(&tsa, &other);
    let (ours, theirs) = (token_of(&tsa), token_of(&other));
    let (certificate, foreign) = (tsa.certificate("tsa.pem"), other.certificate("tsa.pem"));
    if certificate.len() == foreign.len() {
        let mut bytes = ours.as_der().to_vec();
        bytes[place_of(&certificate, ours.as_der())].copy_from_slice(&foreign);
        assert_eq!(verified(&bytes, &roots), None);
    }
    let said = [&ours, &theirs].map(|token| token.verify(&IMPRINT, &roots).unwrap());
    for cut in (0..ours.as_der().len().min(theirs.as_der().len())).step_by(7) {
        let bytes = [&ours.as_der()[..cut], &theirs.as_der()[cut..]].concat();
        if let Some(says) = verified(&bytes, &roots) {
            assert!(said.contains(&says), "cut at {cut}");
        }
    }
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let roots = roots_of(&tsa::start(Kind::P256));
    let request = Request::new(IMPRINT, 7);
    proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..512))| {
        assert!(verified(&bytes, &roots).is_none());
        Token::from_response(&bytes, &request).unwrap_err();
        drop(TrustAnchors::from_pem(&String::from_utf8_lossy(&bytes)));
    });
}

#[test]
fn a_signature_over_something_else_is_not_taken_for_this_one() {
    let tsa = tsa::start(Kind::P256);
    let token = token_of(&tsa);
    let signature = hash(crate::timestamp::forge::SHA256, token.as_der());
    let mut bytes = token.as_der().to_vec();
    let end = bytes.len();
    bytes[end - 32..].copy_from_slice(&signature);
    assert_eq!(verified(&bytes, &roots_of(&tsa)), None);
}

fn both_roots(one: &Tsa, other: &Tsa) -> TrustAnchors {
    TrustAnchors::from_pem(&format!("{}{}", one.ca_pem, other.ca_pem)).unwrap()
}
