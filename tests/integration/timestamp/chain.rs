//! Which certificates are trusted to say the time.

use contextrail::timestamp::{TimestampError, Token, TrustAnchors};

use crate::timestamp::forge::{Forgery, statement};
use crate::timestamp::good::{IMPRINT, roots_of, token_of};
use crate::timestamp::tsa::{self, Kind, Tsa};

/// A token of `tsa` made without asking openssl, which looks at the certificate first.
fn token_made_at(tsa: &Tsa, kind: Kind, time: &str) -> Token {
    let mut forgery = Forgery::of(tsa, kind, statement(&IMPRINT, time, &[]));
    if tsa.file("middle.pem").exists() {
        forgery.certificates.push(tsa.certificate("middle.pem"));
    }
    Token::parse(&forgery.token()).unwrap()
}

fn refusal_of(kind: Kind, time: &str) -> String {
    let tsa = tsa::start(kind);
    let token = token_made_at(&tsa, kind, time);
    token
        .verify(&IMPRINT, &roots_of(&tsa))
        .unwrap_err()
        .to_string()
}

#[test]
fn another_root_of_the_same_name_is_not_trusted() {
    let (tsa, other) = (tsa::start(Kind::P256), tsa::start(Kind::P384));
    for other in [other, tsa::start(Kind::Rsa)] {
        let error = token_of(&tsa)
            .verify(&IMPRINT, &roots_of(&other))
            .unwrap_err();
        assert!(matches!(error, TimestampError::Untrusted { .. }), "{error}");
    }
}

#[test]
fn the_right_root_is_found_among_others() {
    let (tsa, other) = (tsa::start(Kind::P256), tsa::start(Kind::Rsa));
    let both = format!("the first\n{}\nthe second\n{}", other.ca_pem, tsa.ca_pem);
    let roots = TrustAnchors::from_pem(&both).unwrap();
    token_of(&tsa).verify(&IMPRINT, &roots).unwrap();
}

#[test]
fn the_authority_between_may_be_trusted_itself() {
    let tsa = tsa::start(Kind::Intermediate);
    let middle = std::fs::read_to_string(tsa.file("middle.pem")).unwrap();
    let verified = token_of(&tsa)
        .verify(&IMPRINT, &TrustAnchors::from_pem(&middle).unwrap())
        .unwrap();
    assert_eq!(verified.root.subject, "CN=Middle,O=Contextrail test");
}

#[test]
fn a_missing_certificate_between_is_noticed() {
    let tsa = tsa::start(Kind::Intermediate);
    let content = statement(&IMPRINT, "20260101120000Z", &[]);
    let token = Forgery::of(&tsa, Kind::Intermediate, content).token();
    let token = Token::parse(&token).unwrap();
    let error = token.verify(&IMPRINT, &roots_of(&tsa)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificate of \"CN=Authority Intermediate,O=Contextrail test,C=CH\", issued by \
         \"CN=Middle,O=Contextrail test\", leads to no trusted root"
    );
}

#[test]
fn a_certificate_that_is_no_authority_issues_none() {
    let error = refusal_of(Kind::FalseIntermediate, "20260101120000Z");
    assert!(error.contains("is no authority"), "{error}");
}

#[test]
fn what_stands_between_has_to_be_allowed_to_and_able_to() {
    for (kind, reason) in [
        (
            Kind::MutedIntermediate,
            "its key usage does not allow issuing certificates",
        ),
        (
            Kind::LongIntermediate,
            "has 4608 bits: 2048 to 4096 are accepted",
        ),
        (
            Kind::ShallowRoot,
            "more authorities stand below it than it allows",
        ),
    ] {
        let error = refusal_of(kind, "20260101120000Z");
        assert!(error.ends_with(reason), "{kind:?}: {error}");
    }
}

#[test]
fn a_certificate_has_to_be_valid_when_the_token_was_made() {
    let tsa = tsa::start(Kind::Expired);
    let roots = roots_of(&tsa);
    for (time, valid) in [
        ("20191231235959Z", false),
        ("20200101000000Z", true),
        ("20210101000000.9Z", true),
        ("20210101000001Z", false),
    ] {
        let token = token_made_at(&tsa, Kind::Expired, time);
        match token.verify(&IMPRINT, &roots) {
            Ok(_) => assert!(valid, "{time}"),
            Err(error) => {
                assert!(!valid, "{time}: {error}");
                assert!(matches!(error, TimestampError::Validity { .. }), "{error}");
            }
        }
    }
}

#[test]
fn a_root_has_to_be_valid_when_the_token_was_made() {
    let tsa = tsa::start(Kind::ExpiredRoot);
    let roots = roots_of(&tsa);
    let in_time = token_made_at(&tsa, Kind::ExpiredRoot, "20200601000000Z");
    in_time.verify(&IMPRINT, &roots).unwrap();
    let late = token_made_at(&tsa, Kind::ExpiredRoot, "20210601000000Z");
    let error = late.verify(&IMPRINT, &roots).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the certificate of \"CN=Root,O=Contextrail test\" was not valid"),
        "{error}"
    );
}

#[test]
fn a_certificate_has_to_be_for_timestamps_and_nothing_else() {
    for (kind, reason) in [
        (Kind::NoUsage, "it has no extended key usage timeStamping"),
        (
            Kind::UncriticalUsage,
            "its extended key usage is not critical",
        ),
        (
            Kind::SecondUsage,
            "its extended key usage is not timeStamping alone",
        ),
        (Kind::OtherKeyUsage, "its key usage is not signing alone"),
    ] {
        let error = refusal_of(kind, "20260101120000Z");
        assert!(error.ends_with(reason), "{kind:?}: {error}");
    }
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    let error = refusal_of(Kind::ShortKey, "20260101120000Z");
    assert!(
        error.ends_with("has 1024 bits: 2048 to 4096 are accepted"),
        "{error}"
    );
}

#[test]
fn a_certificate_signed_with_sha_1_is_refused_by_name() {
    let error = refusal_of(Kind::Sha1Certificate, "20260101120000Z");
    assert!(
        error.starts_with("the signature of a certificate uses SHA-1"),
        "{error}"
    );
}

#[test]
fn an_issuer_with_a_key_that_is_not_supported_is_told_by_its_curve() {
    let error = refusal_of(Kind::OtherCurve, "20260101120000Z");
    assert_eq!(
        error,
        "the public key of an issuer uses the algorithm 1.3.132.0.35, which is not supported"
    );
}

#[test]
fn only_authorities_can_be_trusted_roots() {
    let tsa = tsa::start(Kind::P256);
    let own = std::fs::read_to_string(tsa.file("tsa.pem")).unwrap();
    let error = TrustAnchors::from_pem(&format!("{}{own}", tsa.ca_pem)).unwrap_err();
    assert!(
        matches!(error, TimestampError::Anchor { position: 2, .. }),
        "{error}"
    );
}

#[test]
fn trusted_roots_that_cannot_be_read_are_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let unended = "-----BEGIN CERTIFICATE-----\nMAA=\n";
    for pem in [broken, unended] {
        let error = TrustAnchors::from_pem(pem).unwrap_err();
        assert!(
            matches!(error, TimestampError::Anchor { position: 1, .. }),
            "{error}"
        );
    }
    let error = TrustAnchors::from_pem("no certificate at all").unwrap_err();
    assert!(matches!(error, TimestampError::NoAnchors), "{error}");
    let error = TrustAnchors::from_pem(&" ".repeat((1 << 20) + 1)).unwrap_err();
    assert!(matches!(error, TimestampError::TooLarge { .. }), "{error}");
}
