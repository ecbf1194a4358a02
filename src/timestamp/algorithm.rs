//! Which digests and signatures are accepted, and what they are called.

use der::asn1::{AnyRef, ObjectIdentifier};
use pki_types::SignatureVerificationAlgorithm;
use ring::digest;
use webpki::ring as verifiers;

use crate::timestamp::TimestampError;
use crate::timestamp::certificate::PublicKey;
use crate::timestamp::error::malformed;
use crate::timestamp::reading::Members;

/// An `AlgorithmIdentifier`.
#[derive(Clone, Copy)]
pub(super) struct Algorithm<'a> {
    pub(super) oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

impl<'a> Algorithm<'a> {
    pub(super) fn read(mut members: Members<'a>) -> Result<Self, TimestampError> {
        let oid = members.next()?;
        let parameters = if members.is_empty() {
            None
        } else {
            Some(members.next()?)
        };
        members.finish()?;
        Ok(Self { oid, parameters })
    }

    /// The parameters, read as an object identifier: how a key names its curve.
    pub(super) fn curve(&self, place: &'static str) -> Result<ObjectIdentifier, TimestampError> {
        self.parameters
            .ok_or_else(|| malformed(place, "the key names no curve"))?
            .decode_as()
            .map_err(|error: der::Error| malformed(place, error))
    }

    pub(super) fn has_null_or_no_parameters(&self) -> bool {
        self.parameters.is_none_or(AnyRef::is_null)
    }
}

/// A digest algorithm that is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The digest that `algorithm` names; `place` is who uses it.
    pub(super) fn named(
        algorithm: &Algorithm<'_>,
        place: &'static str,
    ) -> Result<Self, TimestampError> {
        let digest = match algorithm.oid {
            SHA256 => Self::Sha256,
            SHA384 => Self::Sha384,
            SHA512 => Self::Sha512,
            other => return Err(refused(place, other, None)),
        };
        if algorithm.has_null_or_no_parameters() {
            Ok(digest)
        } else {
            Err(malformed(place, "a digest algorithm with parameters"))
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => SHA256,
            Self::Sha384 => SHA384,
            Self::Sha512 => SHA512,
        }
    }
}

/// What checks a signature made with `algorithm` over a `digest` by a key of the kind `key`.
///
/// # Errors
///
/// When the algorithm, or its pairing with digest and key, is not one that is accepted.
pub(super) fn verifier(
    algorithm: &Algorithm<'_>,
    digest: Digest,
    key: PublicKey,
) -> Result<&'static dyn SignatureVerificationAlgorithm, TimestampError> {
    let verifier = match (algorithm.oid, digest, key) {
        (RSA | RSA_SHA256, Digest::Sha256, PublicKey::Rsa { .. }) => {
            verifiers::RSA_PKCS1_2048_8192_SHA256
        }
        (RSA | RSA_SHA384, Digest::Sha384, PublicKey::Rsa { .. }) => {
            verifiers::RSA_PKCS1_2048_8192_SHA384
        }
        (RSA | RSA_SHA512, Digest::Sha512, PublicKey::Rsa { .. }) => {
            verifiers::RSA_PKCS1_2048_8192_SHA512
        }
        (ECDSA_SHA256, Digest::Sha256, PublicKey::P256) => verifiers::ECDSA_P256_SHA256,
        (ECDSA_SHA384, Digest::Sha384, PublicKey::P256) => verifiers::ECDSA_P256_SHA384,
        (ECDSA_SHA256, Digest::Sha256, PublicKey::P384) => verifiers::ECDSA_P384_SHA256,
        (ECDSA_SHA384, Digest::Sha384, PublicKey::P384) => verifiers::ECDSA_P384_SHA384,
        // RFC 8419 §3.1: with signed attributes the digest of Ed25519 is SHA-512.
        (ED25519, Digest::Sha512, PublicKey::Ed25519) => verifiers::ED25519,
        (other, _, _) => return Err(refused(SIGNATURE, other, Some(digest.oid()))),
    };
    let parameters_fit = match key {
        PublicKey::Rsa { .. } => algorithm.has_null_or_no_parameters(),
        PublicKey::P256 | PublicKey::P384 | PublicKey::Ed25519 => algorithm.parameters.is_none(),
    };
    if parameters_fit {
        Ok(verifier)
    } else {
        Err(malformed(
            SIGNATURE,
            "a signature algorithm with parameters",
        ))
    }
}

/// The error for an algorithm that is not accepted, SHA-1 by its name.
pub(super) fn refused(
    place: &'static str,
    oid: ObjectIdentifier,
    digest: Option<ObjectIdentifier>,
) -> TimestampError {
    if [SHA1, RSA_SHA1, ECDSA_SHA1].contains(&oid) {
        return TimestampError::Sha1 { place };
    }
    TimestampError::Unsupported {
        place,
        algorithm: match digest {
            Some(digest) => format!("{oid} with the digest {digest}"),
            None => oid.to_string(),
        },
    }
}

const SIGNATURE: &str = "signature of the token";

/// SHA-256 as an `AlgorithmIdentifier` in DER.
pub(super) const SHA256_IDENTIFIER: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
];

/// What signatures of certificates may be made with.
pub(super) const OF_CERTIFICATES: &[&dyn SignatureVerificationAlgorithm] = &[
    verifiers::RSA_PKCS1_2048_8192_SHA256,
    verifiers::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    verifiers::RSA_PKCS1_2048_8192_SHA384,
    verifiers::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    verifiers::RSA_PKCS1_2048_8192_SHA512,
    verifiers::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    verifiers::ECDSA_P256_SHA256,
    verifiers::ECDSA_P256_SHA384,
    verifiers::ECDSA_P384_SHA256,
    verifiers::ECDSA_P384_SHA384,
    verifiers::ED25519,
];

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
