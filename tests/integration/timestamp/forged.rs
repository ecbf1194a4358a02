//! Tokens that were signed with the right key and still say nothing.

use contextrail::timestamp::{TimestampError, Token};

use crate::timestamp::forge::{
    CONTENT_TYPE, Forgery, MESSAGE_DIGEST, SHA1, SHA384, SHA512, SIGNING_CERTIFICATE_V2,
    full_reference, hash, issuer_and_serial, oid, reference, statement, statement_with, tlv,
};
use crate::timestamp::good::{IMPRINT, roots_of};
use crate::timestamp::tsa::{self, Kind, Tsa};

fn honest(tsa: &Tsa) -> Forgery {
    about(tsa, statement(&IMPRINT, "20260101120000Z", &[]))
}

fn about(tsa: &Tsa, content: Vec<u8>) -> Forgery {
    Forgery::of(tsa, Kind::P256, content)
}

/// Why `forgery` is refused.
fn refusal(tsa: &Tsa, forgery: &Forgery) -> TimestampError {
    match Token::parse(&forgery.token()) {
        Ok(token) => token.verify(&IMPRINT, &roots_of(tsa)).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn the_forger_makes_honest_tokens_when_asked_to() {
    let tsa = tsa::start(Kind::P256);
    let token = Token::parse(&honest(&tsa).token()).unwrap();
    token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();
}

#[test]
fn each_signed_attribute_is_needed_and_has_to_fit() {
    let tsa = tsa::start(Kind::P256);
    let other = tlv(0x04, &[vec![0; 32]]);
    for (name, value, expected) in [
        (CONTENT_TYPE, None, "the content type is not id-ct-TSTInfo"),
        (
            CONTENT_TYPE,
            Some(oid("1.2.840.113549.1.7.1")),
            "the content type is not id-ct-TSTInfo",
        ),
        (MESSAGE_DIGEST, None, "the message digest is missing"),
        (
            MESSAGE_DIGEST,
            Some(other),
            "the statement in the token is not the one that was signed",
        ),
        (
            SIGNING_CERTIFICATE_V2,
            None,
            "the signing certificate is not named",
        ),
        (
            SIGNING_CERTIFICATE_V2,
            Some(reference(b"another certificate")),
            "none has the digest in the signed attributes",
        ),
    ] {
        let error = refusal(&tsa, &honest(&tsa).with_attribute(name, value)).to_string();
        assert!(error.ends_with(expected), "{name}: {error}");
    }
}

#[test]
fn a_reference_that_names_issuer_and_number_has_to_name_the_right_ones() {
    let tsa = tsa::start(Kind::P256);
    let (own, root) = (tsa.certificate("tsa.pem"), tsa.certificate("ca.pem"));
    let right = full_reference(&own, &own);
    let right = honest(&tsa).with_attribute(SIGNING_CERTIFICATE_V2, Some(right));
    let token = Token::parse(&right.token()).unwrap();
    token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();

    let wrong = full_reference(&own, &root);
    let wrong = honest(&tsa).with_attribute(SIGNING_CERTIFICATE_V2, Some(wrong));
    let error = refusal(&tsa, &wrong);
    assert!(
        matches!(error, TimestampError::SignerCertificate(_)),
        "{error}"
    );
}

#[test]
fn an_attribute_that_is_there_twice_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    let attributes = forgery.attributes.as_mut().unwrap();
    attributes.push(attributes[1].clone());
    let error = refusal(&tsa, &forgery).to_string();
    assert!(error.ends_with("is there twice"), "{error}");
}

#[test]
fn a_token_without_signed_attributes_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    forgery.attributes = None;
    let error = refusal(&tsa, &forgery).to_string();
    assert!(error.ends_with("it has no signed attributes"), "{error}");
}

#[test]
fn a_token_of_two_signers_is_refused() {
    let tsa = tsa::start(Kind::P256);
    for signers in [0, 2] {
        let mut forgery = honest(&tsa);
        forgery.signers = signers;
        let error = refusal(&tsa, &forgery);
        assert!(matches!(error, TimestampError::Malformed { .. }), "{error}");
    }
}

#[test]
fn versions_and_content_types_of_other_formats_are_refused() {
    let tsa = tsa::start(Kind::P256);
    let changes: [fn(&mut Forgery); 3] = [
        |forgery| forgery.signed_data_version = 1,
        |forgery| forgery.signer_version = 3,
        |forgery| forgery.content_type = "1.2.840.113549.1.7.1",
    ];
    for change in changes {
        let mut forgery = honest(&tsa);
        change(&mut forgery);
        let error = refusal(&tsa, &forgery);
        assert!(matches!(error, TimestampError::Malformed { .. }), "{error}");
    }
}

#[test]
fn sha_1_is_refused_by_name() {
    let tsa = tsa::start(Kind::P256);
    let mut signed_with = honest(&tsa);
    signed_with.digest = SHA1;
    let imprinted_with = about(&tsa, statement_with(SHA1, &[0; 20], "20260101120000Z", &[]));
    let mut named = honest(&tsa);
    named.signature_algorithm = tlv(0x30, &[oid("1.2.840.10045.4.1")]);
    for forgery in [signed_with, imprinted_with, named] {
        let error = refusal(&tsa, &forgery);
        assert!(matches!(error, TimestampError::Sha1 { .. }), "{error}");
        assert!(error.to_string().contains("SHA-1"), "{error}");
    }
}

#[test]
fn algorithms_that_are_not_supported_are_named() {
    let tsa = tsa::start(Kind::P256);
    let mut pss = honest(&tsa);
    pss.signature_algorithm = tlv(0x30, &[oid("1.2.840.113549.1.1.10")]);
    let mut rsa_name = honest(&tsa);
    rsa_name.signature_algorithm = tlv(0x30, &[oid("1.2.840.113549.1.1.11")]);
    let mut sha3 = honest(&tsa);
    sha3.digest = "2.16.840.1.101.3.4.2.8";
    let mut sha512 = honest(&tsa);
    sha512.digest = SHA512;
    sha512.signature_algorithm = tlv(0x30, &[oid("1.2.840.10045.4.3.4")]);
    let imprint = about(
        &tsa,
        statement_with(SHA384, &[0; 48], "20260101120000Z", &[]),
    );
    for (forgery, named) in [
        (
            pss,
            "1.2.840.113549.1.1.10 with the digest 2.16.840.1.101.3.4.2.1,",
        ),
        (
            rsa_name,
            "1.2.840.113549.1.1.11 with the digest 2.16.840.1.101.3.4.2.1,",
        ),
        (sha3, "2.16.840.1.101.3.4.2.8,"),
        (
            sha512,
            "1.2.840.10045.4.3.4 with the digest 2.16.840.1.101.3.4.2.3,",
        ),
        (imprint, "2.16.840.1.101.3.4.2.2,"),
    ] {
        let error = refusal(&tsa, &forgery);
        assert!(
            matches!(error, TimestampError::Unsupported { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_signature_that_names_another_digest_than_it_uses_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    let digest = tlv(0x04, &[hash(SHA384, &forgery.content)]);
    forgery = forgery.with_attribute(MESSAGE_DIGEST, Some(digest));
    forgery.digest = SHA384;
    forgery.signature_algorithm = tlv(0x30, &[oid("1.2.840.10045.4.3.3")]);
    let error = refusal(&tsa, &forgery);
    assert!(matches!(error, TimestampError::Signature { .. }), "{error}");
}

#[test]
fn the_certificate_of_another_authority_does_not_fit() {
    let (tsa, other) = (tsa::start(Kind::P256), tsa::start(Kind::P256));
    let theirs = other.certificate("tsa.pem");
    let mut swapped = honest(&tsa);
    swapped.certificates = vec![theirs.clone()];
    swapped.signer_name = issuer_and_serial(&theirs);
    let error = refusal(&tsa, &swapped);
    assert!(
        matches!(error, TimestampError::SignerCertificate(_)),
        "{error}"
    );

    let resigned = swapped.with_attribute(SIGNING_CERTIFICATE_V2, Some(reference(&theirs)));
    let error = refusal(&other, &resigned);
    assert!(matches!(error, TimestampError::Signature { .. }), "{error}");

    let mut both = honest(&tsa);
    both.certificates.insert(0, theirs);
    let token = Token::parse(&both.token()).unwrap();
    let verified = token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();
    assert_eq!(verified.statement.certificate.sha256.len(), 64);
    token.verify(&IMPRINT, &roots_of(&other)).unwrap_err();
}

#[test]
fn a_signer_named_differently_outside_the_signature_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    forgery.signer_name = issuer_and_serial(&tsa.certificate("ca.pem"));
    let error = refusal(&tsa, &forgery);
    assert!(
        matches!(error, TimestampError::SignerCertificate(_)),
        "{error}"
    );
}

#[test]
fn a_token_without_certificates_says_how_to_get_one_with_them() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    forgery.certificates.clear();
    let error = refusal(&tsa, &forgery);
    assert!(matches!(error, TimestampError::NoCertificate), "{error}");
}

#[test]
fn more_than_16_certificates_are_not_read() {
    let tsa = tsa::start(Kind::P256);
    let mut forgery = honest(&tsa);
    forgery.certificates = vec![forgery.certificates[0].clone(); 17];
    let error = refusal(&tsa, &forgery);
    assert!(matches!(error, TimestampError::Malformed { .. }), "{error}");
}

#[test]
fn a_critical_extension_is_refused_and_another_one_passed_over() {
    let tsa = tsa::start(Kind::P256);
    let extension = |critical: &[Vec<u8>]| {
        let value = tlv(0x04, &[vec![0x05, 0x00]]);
        let members = [&[oid("1.2.3.4")], critical, &[value]].concat();
        let list = tlv(0xa1, &[tlv(0x30, &members)]);
        about(&tsa, statement(&IMPRINT, "20260101120000Z", &[list]))
    };
    let error = refusal(&tsa, &extension(&[vec![0x01, 0x01, 0xff]]));
    assert!(
        matches!(error, TimestampError::CriticalExtension { .. }),
        "{error}"
    );
    let token = Token::parse(&extension(&[]).token()).unwrap();
    token.verify(&IMPRINT, &roots_of(&tsa)).unwrap();
}

#[test]
fn a_statement_that_breaks_the_standard_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let bad_accuracy = tlv(0x30, &[tlv(0x80, &[vec![0x03, 0xe8]])]);
    for content in [
        statement(&IMPRINT, "20261301120000Z", &[]),
        statement(&IMPRINT, "20260101120000+0000", &[]),
        statement(&IMPRINT, "20260101120000Z", &[bad_accuracy]),
        statement(&IMPRINT, "20260101120000Z", &[vec![0x05, 0x00]]),
    ] {
        let error = refusal(&tsa, &about(&tsa, content));
        assert!(matches!(error, TimestampError::Malformed { .. }), "{error}");
    }
}
