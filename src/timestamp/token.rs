//! A timestamp token: read, kept, and verified.

use std::fmt;

use crate::timestamp::certificate::{Certificate, CertificateName};
use crate::timestamp::chain::root_of;
use crate::timestamp::response::granted_token;
use crate::timestamp::signed::SignedData;
use crate::timestamp::statement::{Statement, TokenBody};
use crate::timestamp::{Request, TimestampError, TrustAnchors};

/// A token whose form was checked: the bytes an authority sent, to be kept as they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    der: Vec<u8>,
}

/// What a token proves to who trusts [`root`](Self::root).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// What the token states.
    pub statement: Statement,
    /// The trusted root behind the certificate that signed.
    pub root: CertificateName,
}

/// A token whose signature holds, by a certificate of which nothing is known.
///
/// Anybody can make one. Shown to people, it says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unanchored {
    /// What the token states.
    pub statement: Statement,
    /// Who the certificate says issued it.
    pub issuer: String,
}

impl Token {
    /// Takes the token out of `der`, the answer to `request`.
    ///
    /// Checks that the request was granted, that the token repeats its digest and nonce, and that
    /// it is signed by the timestamp certificate inside it. Whether that is one to trust is said
    /// by [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// [`TimestampError::Refused`] with what the authority says when it gives no token; else the
    /// first check that fails.
    pub fn from_response(der: &[u8], request: &Request) -> Result<Self, TimestampError> {
        check_size("answer of the authority", der)?;
        let token = Self::parse(granted_token(der)?)?;
        let signed = SignedData::read(&token.der)?;
        TokenBody::read(signed.content)?.check_nonce(request.nonce())?;
        token.verify_unanchored(request.message_imprint())?;
        Ok(token)
    }

    /// Reads a token that was kept, without verifying it.
    ///
    /// # Errors
    ///
    /// When it has more than [`MAX_BYTES`], is not a timestamp token in DER, or has bytes after it.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        check_size("token", der)?;
        TokenBody::read(SignedData::read(der)?.content)?;
        Ok(Self { der: der.to_vec() })
    }

    /// The bytes of the token, a CMS `ContentInfo` as other programs read it.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Verifies that an authority behind one of the `trusted` roots saw the SHA-256 digest
    /// `imprint`, and when.
    ///
    /// # Errors
    ///
    /// The first check that fails: digest, signature, certificate, way to the root. All of them
    /// are made at the time the token states.
    pub fn verify(
        &self,
        imprint: &[u8; 32],
        trusted: &TrustAnchors,
    ) -> Result<Verified, TimestampError> {
        let (signed, body, certificate) = self.signed_statement(imprint)?;
        let root = root_of(&certificate, &signed.certificates, trusted, body.time_s())?;
        Ok(Verified {
            statement: body.signed_by(certificate.name()),
            root,
        })
    }

    /// Verifies the signature alone: who made the token is then only what it says itself.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), without the way to a root.
    pub fn verify_unanchored(&self, imprint: &[u8; 32]) -> Result<Unanchored, TimestampError> {
        let (_, body, certificate) = self.signed_statement(imprint)?;
        Ok(Unanchored {
            statement: body.signed_by(certificate.name()),
            issuer: certificate.issuer_name(),
        })
    }

    fn signed_statement(
        &self,
        imprint: &[u8; 32],
    ) -> Result<(SignedData<'_>, TokenBody<'_>, Certificate<'_>), TimestampError> {
        let signed = SignedData::read(&self.der)?;
        let body = TokenBody::read(signed.content)?;
        body.check_imprint(imprint)?;
        let certificate = signed.signer_certificate()?;
        signed.check_signature(&certificate)?;
        certificate.check_authority()?;
        certificate.check_time(body.time_s())?;
        Ok((signed, body, certificate))
    }
}

impl fmt::Display for Unanchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the signature holds, but the certificate of {:?}, issued by {:?}, is not chained to \
             any trusted root",
            self.statement.certificate.subject, self.issuer
        )
    }
}

fn check_size(what: &'static str, der: &[u8]) -> Result<(), TimestampError> {
    if der.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(TimestampError::TooLarge {
        what,
        size_bytes: der.len(),
        limit_bytes: MAX_BYTES,
    })
}

/// The most bytes of a token, and of an answer, that are read: 64 KiB.
pub const MAX_BYTES: usize = 64 * 1024;
