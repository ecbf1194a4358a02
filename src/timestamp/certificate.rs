//! An X.509 certificate, as far as a timestamp needs it.

use std::fmt;

use der::Tag;
use der::asn1::{BitStringRef, GeneralizedTime, ObjectIdentifier, UintRef, UtcTime};
use ring::digest;

use crate::timestamp::TimestampError;
use crate::timestamp::algorithm::{self, Algorithm};
use crate::timestamp::error::malformed;
use crate::timestamp::name;
use crate::timestamp::reading::{Members, constructed, hex, primitive};

/// Which certificate: what it calls itself, and which bytes it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateName {
    /// The subject in the form of RFC 4514, the most specific part first.
    pub subject: String,
    /// SHA-256 of the certificate in DER, 64 characters of lower-case hexadecimal.
    pub sha256: String,
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SHA-256 {})", self.subject, self.sha256)
    }
}

/// A certificate whose form was checked, and nothing else.
pub(super) struct Certificate<'a> {
    pub(super) der: &'a [u8],
    /// How other parts of a token name this certificate.
    pub(super) issued: IssuerAndSerial<'a>,
    not_before_s: u64,
    not_after_s: u64,
    subject: &'a [u8],
    key: &'a [u8],
    extensions: Vec<Extension<'a>>,
}

/// Who issued a certificate, under which number: the contents of both as they stand.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct IssuerAndSerial<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) serial: &'a [u8],
}

pub(super) struct Extension<'a> {
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
    oid: ObjectIdentifier,
}

/// The kind of a public key that is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PublicKey {
    Rsa { bits: usize },
    P256,
    P384,
    Ed25519,
}

impl<'a> Certificate<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, TimestampError> {
        let mut outer = Members::of_sequence(CERTIFICATE, der)?;
        let mut body = outer.inside(CERTIFICATE, Tag::Sequence)?;
        outer.inside(CERTIFICATE, Tag::Sequence)?;
        outer.next::<BitStringRef<'_>>()?;
        outer.finish()?;

        body.optional(constructed(0))?;
        let serial = body.content(Tag::Integer)?;
        body.content(Tag::Sequence)?;
        let issuer = body.raw()?;
        let mut validity = body.inside("validity of a certificate", Tag::Sequence)?;
        let not_before_s = read_time(&mut validity)?;
        let not_after_s = read_time(&mut validity)?;
        validity.finish()?;
        let subject = body.raw()?;
        let key = body.content(Tag::Sequence)?;
        body.optional(primitive(1))?;
        body.optional(primitive(2))?;
        let extensions = match body.optional(constructed(3))? {
            Some(wrapped) => read_extensions(wrapped)?,
            None => Vec::new(),
        };
        body.finish()?;
        Ok(Self {
            der,
            issued: IssuerAndSerial { issuer, serial },
            not_before_s,
            not_after_s,
            subject,
            key,
            extensions,
        })
    }

    pub(super) fn name(&self) -> CertificateName {
        CertificateName {
            subject: self.subject(),
            sha256: hex(digest::digest(&digest::SHA256, self.der).as_ref()),
        }
    }

    pub(super) fn subject(&self) -> String {
        name::text(self.subject)
    }

    pub(super) fn issuer_name(&self) -> String {
        name::text(self.issued.issuer)
    }

    /// The identifier of the key, where the certificate has one.
    pub(super) fn key_identifier(&self) -> Result<Option<&'a [u8]>, TimestampError> {
        let Some(extension) = self.extension(SUBJECT_KEY_IDENTIFIER) else {
            return Ok(None);
        };
        let mut members = Members::new("key identifier of a certificate", extension.value)?;
        let identifier = members.content(Tag::OctetString)?;
        members.finish()?;
        Ok(Some(identifier))
    }

    /// The kind of the public key, with its length checked where it has one.
    pub(super) fn public_key(&self) -> Result<PublicKey, TimestampError> {
        let mut members = Members::new(KEY, self.key)?;
        let algorithm = Algorithm::read(members.inside(KEY, Tag::Sequence)?)?;
        let bits = members.next::<BitStringRef<'_>>()?;
        members.finish()?;
        match algorithm.oid {
            algorithm::RSA => {
                let bits = modulus_bits(bits.raw_bytes())?;
                if !(2048..=4096).contains(&bits) {
                    let subject = self.subject();
                    return Err(TimestampError::KeySize { subject, bits });
                }
                Ok(PublicKey::Rsa { bits })
            }
            algorithm::ED25519 => Ok(PublicKey::Ed25519),
            EC_KEY => match algorithm.curve(KEY)? {
                P256 => Ok(PublicKey::P256),
                P384 => Ok(PublicKey::P384),
                other => Err(algorithm::refused(KEY, other, None)),
            },
            other => Err(algorithm::refused(KEY, other, None)),
        }
    }

    /// Says that the certificate is valid `at_s` seconds after 1970.
    pub(super) fn check_time(&self, at_s: u64) -> Result<(), TimestampError> {
        if (self.not_before_s..=self.not_after_s).contains(&at_s) {
            return Ok(());
        }
        Err(TimestampError::Validity {
            subject: self.subject(),
            at_s,
            not_before_s: self.not_before_s,
            not_after_s: self.not_after_s,
        })
    }

    pub(super) fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension<'a>> {
        self.extensions
            .iter()
            .find(|extension| extension.oid == oid)
    }
}

fn read_extensions(wrapped: &[u8]) -> Result<Vec<Extension<'_>>, TimestampError> {
    let mut list = Members::of_sequence("extensions of a certificate", wrapped)?;
    let mut extensions: Vec<Extension<'_>> = Vec::new();
    while !list.is_empty() {
        let mut members = list.inside("extension of a certificate", Tag::Sequence)?;
        let oid = members.next()?;
        let critical = members.is_at(Tag::Boolean) && members.next::<bool>()?;
        let value = members.content(Tag::OctetString)?;
        members.finish()?;
        if extensions.iter().any(|earlier| earlier.oid == oid) {
            return Err(malformed(
                CERTIFICATE,
                format!("the extension {oid} is there twice"),
            ));
        }
        extensions.push(Extension {
            critical,
            value,
            oid,
        });
    }
    Ok(extensions)
}

fn read_time(members: &mut Members<'_>) -> Result<u64, TimestampError> {
    let since_1970 = if members.is_at(Tag::UtcTime) {
        members.next::<UtcTime>()?.to_unix_duration()
    } else {
        members.next::<GeneralizedTime>()?.to_unix_duration()
    };
    Ok(since_1970.as_secs())
}

fn modulus_bits(key: &[u8]) -> Result<usize, TimestampError> {
    let mut members = Members::of_sequence(KEY, key)?;
    let modulus = members.next::<UintRef<'_>>()?;
    members.next::<UintRef<'_>>()?;
    members.finish()?;
    let bytes = modulus.as_bytes();
    let top = bytes.first().copied().unwrap_or(0);
    let unused = (0..8).take_while(|bit| top & (0x80 >> bit) == 0).count();
    Ok(bytes.len() * 8 - unused)
}

const CERTIFICATE: &str = "certificate";
const KEY: &str = "public key of a certificate";

const EC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
