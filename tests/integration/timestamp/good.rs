//! What honest authorities make is verified, here and by openssl.

use std::fs;

use contextrail::timestamp::{Request, Token, TrustAnchors};

use crate::timestamp::forge::{Forgery, MESSAGE_DIGEST, SHA384, hash, parts, statement, tlv};
use crate::timestamp::tsa::{self, Kind, POLICY, Tsa, run};

pub(crate) const IMPRINT: [u8; 32] = [0x5c; 32];

/// A token about [`IMPRINT`] from `tsa`.
pub(crate) fn token_of(tsa: &Tsa) -> Token {
    let request = Request::new(IMPRINT, 0x8f01_0203_0405_0607);
    Token::from_response(&tsa.ask(&request.to_der()), &request).unwrap()
}

pub(crate) fn roots_of(tsa: &Tsa) -> TrustAnchors {
    TrustAnchors::from_pem(&tsa.ca_pem).unwrap()
}

#[test]
fn a_token_of_each_kind_of_authority_is_verified() {
    for kind in [
        Kind::Rsa,
        Kind::P256,
        Kind::P384,
        Kind::Intermediate,
        Kind::FirstReference,
        Kind::WithRoot,
    ] {
        let tsa = tsa::start(kind);
        let verified = token_of(&tsa).verify(&IMPRINT, &roots_of(&tsa)).unwrap();
        assert_eq!(
            verified.root.subject, "CN=Root,O=Contextrail test",
            "{kind:?}"
        );
    }
}

#[test]
fn a_token_states_time_accuracy_policy_and_names() {
    let tsa = tsa::start(Kind::Rsa);
    let token = token_of(&tsa);
    let statement = token.verify(&IMPRINT, &roots_of(&tsa)).unwrap().statement;
    let subject = "CN=Authority Rsa,O=Contextrail test,C=CH";
    assert_eq!(statement.certificate.subject, subject);
    assert_eq!(statement.authority.as_deref(), Some(subject));
    assert_eq!(statement.accuracy_us, Some(1_500_100));
    assert_eq!(statement.policy, POLICY);
    assert_eq!(statement.serial, "01");

    let certificate = run(
        &tsa.file(""),
        "x509 -in tsa.pem -noout -fingerprint -sha256",
    );
    let fingerprint = String::from_utf8(certificate)
        .unwrap()
        .to_lowercase()
        .replace(':', "");
    assert!(fingerprint.trim().ends_with(&statement.certificate.sha256));

    fs::write(tsa.file("kept.der"), token.as_der()).unwrap();
    let text = run(
        &tsa.file(""),
        "ts -reply -config tsa.cnf -in kept.der -token_in -text",
    );
    let text = String::from_utf8(text).unwrap();
    let fraction = statement.time_us % 1_000_000;
    let shown = format!(".{fraction:06}").trim_end_matches('0').to_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("Time stamp: "))
        .unwrap();
    assert!(
        line.contains(&format!("{} ", shown.trim_end_matches('.'))),
        "{line}"
    );
}

#[test]
fn a_token_that_was_kept_says_what_it_said_when_it_came() {
    let tsa = tsa::start(Kind::P256);
    let token = token_of(&tsa);
    let kept = Token::parse(token.as_der()).unwrap();
    let roots = roots_of(&tsa);
    drop(tsa);
    assert_eq!(
        kept.verify(&IMPRINT, &roots).unwrap(),
        token.verify(&IMPRINT, &roots).unwrap()
    );
}

#[test]
fn openssl_verifies_the_token_that_is_kept() {
    for kind in [Kind::Rsa, Kind::P256, Kind::Intermediate] {
        let tsa = tsa::start(kind);
        fs::write(tsa.file("kept.der"), token_of(&tsa).as_der()).unwrap();
        let digest = "5c".repeat(32);
        run(
            &tsa.file(""),
            &format!("ts -verify -digest {digest} -in kept.der -token_in -CAfile ca.pem"),
        );
    }
}

#[test]
fn openssl_reads_the_request_as_it_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request::new(IMPRINT, 0x8f01_0203_0405_0607).to_der();
    fs::write(folder.path().join("query.tsq"), request).unwrap();
    let text = run(folder.path(), "ts -query -in query.tsq -text");
    let text = String::from_utf8(text).unwrap();
    for line in [
        "Version: 1",
        "Hash Algorithm: sha256",
        "Nonce: 0x8F01020304050607",
        "Certificate required: yes",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn a_token_without_roots_says_that_nothing_stands_behind_it() {
    let tsa = tsa::start(Kind::P256);
    let unanchored = token_of(&tsa).verify_unanchored(&IMPRINT).unwrap();
    assert_eq!(
        unanchored.to_string(),
        "the signature holds, but the certificate of \"CN=Authority P256,O=Contextrail test,C=CH\", \
         issued by \"CN=Root,O=Contextrail test\", is not chained to any trusted root"
    );
}

#[test]
fn a_token_signed_with_ed25519_is_verified() {
    let tsa = tsa::start(Kind::Ed25519);
    let content = statement(&IMPRINT, "20260101120000.25Z", &[]);
    let forged = Forgery::of(&tsa, Kind::Ed25519, content).token();
    let token = Token::parse(&forged).unwrap();
    let verified = token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();
    assert_eq!(verified.statement.time_us, 1_767_268_800_250_000);
    assert_eq!(verified.statement.accuracy_us, None);
    assert_eq!(verified.statement.authority, None);
}

#[test]
fn an_authority_named_by_its_key_is_verified() {
    let tsa = tsa::start(Kind::P256);
    let content = statement(&IMPRINT, "20260101120000Z", &[]);
    let mut forgery = Forgery::of(&tsa, Kind::P256, content);
    let identifier = key_identifier(&forgery.certificates[0]);
    forgery.signer_version = 3;
    forgery.signer_name = tlv(0x80, &[identifier]);
    let token = Token::parse(&forgery.token()).unwrap();
    token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();
}

#[test]
fn unsigned_attributes_change_nothing() {
    let tsa = tsa::start(Kind::P256);
    let content = statement(&IMPRINT, "20260101120000Z", &[]);
    let mut forgery = Forgery::of(&tsa, Kind::P256, content);
    let plain = Token::parse(&forgery.token()).unwrap();
    let digest = tlv(0x04, &[hash(SHA384, b"other")]);
    forgery.unsigned = tlv(
        0xa1,
        &[crate::timestamp::forge::attribute(MESSAGE_DIGEST, digest)],
    );
    let more = Token::parse(&forgery.token()).unwrap();
    let roots = roots_of(&tsa);
    assert_eq!(
        more.verify(&IMPRINT, &roots).unwrap(),
        plain.verify(&IMPRINT, &roots).unwrap()
    );
}

/// What the subject key identifier of `certificate` holds.
fn key_identifier(certificate: &[u8]) -> Vec<u8> {
    let body = parts(&parts(certificate)[0]);
    let extensions = parts(&parts(body.last().unwrap())[0]);
    let wanted = [0x06, 0x03, 0x55, 0x1d, 0x0e];
    let extension = extensions
        .iter()
        .map(|extension| parts(extension))
        .find(|members| members[0] == wanted)
        .unwrap();
    extension.last().unwrap()[4..].to_vec()
}
