//! From the certificate of an authority to a trusted root.

use std::cell::RefCell;
use std::time::Duration;

use pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath};

use crate::timestamp::algorithm::{Algorithm, OF_CERTIFICATES, refused};
use crate::timestamp::certificate::{Certificate, CertificateName};
use crate::timestamp::reading::Members;
use crate::timestamp::{TimestampError, TrustAnchors};

/// The trusted root that stands behind `certificate` at `at_s` seconds after 1970, over as many of
/// the `others` as are needed.
///
/// # Errors
///
/// When there is no way from the one to the other in which each certificate was valid then, was
/// issued by the next, and allowed to.
pub(super) fn root_of(
    certificate: &Certificate<'_>,
    others: &[&[u8]],
    trusted: &TrustAnchors,
    at_s: u64,
) -> Result<CertificateName, TimestampError> {
    let der = CertificateDer::from(certificate.der);
    let others: Vec<CertificateDer<'_>> = others
        .iter()
        .map(|other| CertificateDer::from(*other))
        .collect();
    let end = EndEntityCert::try_from(&der).map_err(|error| explained(certificate, &error))?;
    let root = RefCell::new(None);
    let refusal = RefCell::new(None);
    let check = |path: &VerifiedPath<'_>| match checked_root(path, trusted, at_s) {
        Ok(name) => {
            root.replace(Some(name));
            Ok(())
        }
        Err(error) => {
            refusal.replace(Some(error));
            Err(Error::UnknownIssuer)
        }
    };
    let outcome = end.verify_for_usage(
        OF_CERTIFICATES,
        &trusted.anchors,
        &others,
        UnixTime::since_unix_epoch(Duration::from_secs(at_s)),
        KeyUsage::required_if_present(TIME_STAMPING),
        None,
        Some(&check),
    );
    match (outcome.map(|_| ()), root.take(), refusal.take()) {
        (Ok(()), Some(name), _) => Ok(name),
        (_, _, Some(refusal)) => Err(refusal),
        (Err(error), _, None) => Err(explained(certificate, &error)),
        (Ok(()), None, None) => Err(explained(certificate, &Error::UnknownIssuer)),
    }
}

/// What the path builder leaves out: key lengths, key usages, and everything about the root.
fn checked_root(
    path: &VerifiedPath<'_>,
    trusted: &TrustAnchors,
    at_s: u64,
) -> Result<CertificateName, TimestampError> {
    let mut below = 0;
    for issuer in path.intermediate_certificates() {
        let der = issuer.der();
        let issuer = Certificate::read(&der)?;
        issuer.check_issuer(below)?;
        issuer.public_key()?;
        below += 1;
    }
    let mut outcome = Err(TimestampError::NoAnchors);
    for der in trusted.certificates_of(path.anchor()) {
        let root = Certificate::read(der)?;
        outcome = root
            .check_time(at_s)
            .and_then(|()| root.check_issuer(below))
            .and_then(|()| root.public_key())
            .map(|_| root.name());
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn explained(certificate: &Certificate<'_>, error: &Error) -> TimestampError {
    let subject = certificate.subject();
    match error {
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => TimestampError::Untrusted {
            subject,
            issuer: certificate.issuer_name(),
        },
        Error::UnsupportedSignatureAlgorithmContext(context) => {
            let place = "signature of a certificate";
            match Members::new(place, &context.signature_algorithm_id).and_then(Algorithm::read) {
                Ok(algorithm) => refused(place, algorithm.oid, None),
                Err(_) => unexplained(subject, error),
            }
        }
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => {
            let place = "public key of an issuer";
            let key = &context.public_key_algorithm_id;
            match Members::new(place, key).and_then(Algorithm::read) {
                Ok(algorithm) if !is_accepted_key(key) => {
                    let oid = algorithm.curve(place).unwrap_or(algorithm.oid);
                    refused(place, oid, None)
                }
                // An issuer of the same name with a key of another kind: not the one that signed.
                _ => explained(certificate, &Error::UnknownIssuer),
            }
        }
        _ => unexplained(subject, error),
    }
}

fn is_accepted_key(identifier: &[u8]) -> bool {
    OF_CERTIFICATES
        .iter()
        .any(|algorithm| algorithm.public_key_alg_id().as_ref() == identifier)
}

fn unexplained(subject: String, error: &Error) -> TimestampError {
    let reason = match error {
        Error::CaUsedAsEndEntity => "an authority for certificates signed the token itself".into(),
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "one of them was not valid at the time of the token".into()
        }
        Error::EndEntityUsedAsCa => "one was issued by a certificate that is no authority".into(),
        Error::MaximumPathDepthExceeded | Error::PathLenConstraintViolated => {
            "more authorities stand below one another than is allowed".into()
        }
        Error::NameConstraintViolation => "one has a name its issuer may not give".into(),
        Error::RequiredEkuNotFoundContext(_) => {
            "the extended key usage of one does not allow timestamps".into()
        }
        Error::UnsupportedCriticalExtension => "one has a critical extension not known here".into(),
        other => other.to_string(),
    };
    TimestampError::Chain { subject, reason }
}

/// `id-kp-timeStamping` without its tag, as the path builder wants it.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
