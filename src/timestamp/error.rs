//! Why a timestamp is refused.

use std::fmt;

/// Why a timestamp, an answer or a list of trusted roots is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// More bytes than are ever read.
    #[error("the {what} has {size_bytes} bytes, more than {limit_bytes}: it is not read")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        size_bytes: usize,
        /// The most that is read, in bytes.
        limit_bytes: usize,
    },
    /// Bytes that do not have the form the standard asks for.
    #[error("the {place} cannot be read: {reason}")]
    Malformed {
        /// The part concerned.
        place: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The authority did not give a token: ask again, or ask another one.
    #[error("the timestamp authority refused: {0}")]
    Refused(Refusal),
    /// The token is about other content.
    #[error("the token is about the SHA-256 digest {found}, not {expected}")]
    Imprint {
        /// The digest that was asked about, in hexadecimal.
        expected: String,
        /// The digest in the token, in hexadecimal.
        found: String,
    },
    /// The answer belongs to another request, or to an earlier one.
    #[error("the token answers another request: its nonce is not the one that was sent")]
    Nonce,
    /// SHA-1, for which two documents with one digest can be made.
    #[error("the {place} uses SHA-1, with which two documents can share a digest: refused")]
    Sha1 {
        /// The part concerned.
        place: &'static str,
    },
    /// An algorithm that is not known here.
    #[error("the {place} uses the algorithm {algorithm}, which is not supported")]
    Unsupported {
        /// The part concerned.
        place: &'static str,
        /// The object identifiers of the algorithm, and of its digest where both count.
        algorithm: String,
    },
    /// An RSA key too short to trust or too long to check.
    #[error("the RSA key of {subject:?} has {bits} bits: 2048 to 4096 are accepted")]
    KeySize {
        /// Subject of the certificate.
        subject: String,
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The token came without the certificate of its authority.
    #[error("the token holds no certificate: it has to be asked for with certReq")]
    NoCertificate,
    /// None of the certificates is the one the authority signed into the token.
    #[error("the token holds certificates, but not the one it was signed with: {0}")]
    SignerCertificate(&'static str),
    /// The content was changed after it was signed.
    #[error("the statement in the token is not the one that was signed")]
    Content,
    /// The signature does not fit to the certificate and the attributes.
    #[error("the signature of {subject:?} does not hold")]
    Signature {
        /// Subject of the certificate.
        subject: String,
    },
    /// A certificate used for what it was not issued for.
    #[error("the certificate of {subject:?} is not for this use: {reason}")]
    Purpose {
        /// Subject of the certificate.
        subject: String,
        /// What it lacks or has too much.
        reason: &'static str,
    },
    /// A certificate that was not valid when the token was made.
    #[error(
        "the certificate of {subject:?} was not valid at the time of the token: {at_s} is outside \
         {not_before_s} to {not_after_s} (seconds since 1970)"
    )]
    Validity {
        /// Subject of the certificate.
        subject: String,
        /// Time of the token, in seconds since 1970-01-01T00:00:00Z.
        at_s: u64,
        /// First second the certificate is valid.
        not_before_s: u64,
        /// Last second the certificate is valid.
        not_after_s: u64,
    },
    /// No trusted root stands behind the certificate: give the root of this authority.
    #[error("the certificate of {subject:?}, issued by {issuer:?}, leads to no trusted root")]
    Untrusted {
        /// Subject of the certificate.
        subject: String,
        /// Issuer of the certificate.
        issuer: String,
    },
    /// The certificates between the authority and the root do not hold together.
    #[error("the certificates behind {subject:?} do not hold: {reason}")]
    Chain {
        /// Subject of the certificate of the authority.
        subject: String,
        /// What is wrong.
        reason: String,
    },
    /// A statement with a condition that is not known here.
    #[error("the token has the critical extension {oid}, which is not known")]
    CriticalExtension {
        /// The object identifier of the extension.
        oid: String,
    },
    /// A trusted root that cannot be used as one.
    #[error("certificate {position} of the trusted roots cannot be used: {reason}")]
    Anchor {
        /// Its position in the file, from 1.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate among the trusted roots.
    #[error("the trusted roots hold no certificate: give them as PEM")]
    NoAnchors,
}

/// What an authority says when it gives no token (`PKIStatusInfo`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The number of the status: 2 rejection, 3 waiting, 4 and 5 revocation.
    pub status: u8,
    /// What the authority says about it, in its words.
    pub text: Vec<String>,
    /// Names of the reasons, as the standard has them: `badAlg`, `unacceptedPolicy`.
    pub failures: Vec<&'static str>,
}

impl Refusal {
    /// The name of the status, as the standard has it.
    #[must_use]
    pub fn status_name(&self) -> &'static str {
        match self.status {
            0 => "granted",
            1 => "grantedWithMods",
            2 => "rejection",
            3 => "waiting",
            4 => "revocationWarning",
            5 => "revocationNotification",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({})", self.status, self.status_name())?;
        if !self.failures.is_empty() {
            write!(f, ", {}", self.failures.join(" and "))?;
        }
        self.text
            .iter()
            .try_for_each(|text| write!(f, ": {text:?}"))
    }
}

/// That `place` does not have the form it should, and why.
pub(super) fn malformed(place: &'static str, reason: impl fmt::Display) -> TimestampError {
    TimestampError::Malformed {
        place,
        reason: reason.to_string(),
    }
}
