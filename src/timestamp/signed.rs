//! The signed envelope of a token (`SignedData`, RFC 5652 §5).

use der::Tag;
use der::asn1::ObjectIdentifier;
use pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::timestamp::TimestampError;
use crate::timestamp::algorithm::{Algorithm, Digest, verifier};
use crate::timestamp::attribute::{SignedAttributes, TST_INFO};
use crate::timestamp::certificate::{Certificate, IssuerAndSerial};
use crate::timestamp::error::malformed;
use crate::timestamp::reading::{Members, constructed, primitive};

/// A token taken apart, with the form of every part checked and no signature yet.
pub(super) struct SignedData<'a> {
    pub(super) content: &'a [u8],
    /// The certificates that came with it, in DER.
    pub(super) certificates: Vec<&'a [u8]>,
    signer: Signer<'a>,
}

struct Signer<'a> {
    named: SignerName<'a>,
    digest: Algorithm<'a>,
    attributes: SignedAttributes<'a>,
    algorithm: Algorithm<'a>,
    signature: &'a [u8],
}

/// How the signer's certificate is named outside of what is signed.
enum SignerName<'a> {
    IssuerAndSerial(IssuerAndSerial<'a>),
    KeyIdentifier(&'a [u8]),
}

impl<'a> SignedData<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, TimestampError> {
        let mut outer = Members::of_sequence(TOKEN, der)?;
        if outer.next::<ObjectIdentifier>()? != SIGNED_DATA {
            return Err(malformed(TOKEN, "it is not signed data"));
        }
        let mut wrapped = outer.inside(TOKEN, constructed(0))?;
        outer.finish()?;
        let mut body = wrapped.inside(TOKEN, Tag::Sequence)?;
        wrapped.finish()?;

        if body.next::<u8>()? != 3 {
            return Err(malformed(TOKEN, "the signed data is not of version 3"));
        }
        let digests = read_digests(body.inside("digests of the token", Tag::Set)?)?;
        let content = read_content(body.inside("content of the token", Tag::Sequence)?)?;
        let certificates = match body.optional(constructed(0))? {
            Some(set) => read_certificates(Members::new("certificates of the token", set)?)?,
            None => Vec::new(),
        };
        body.optional(constructed(1))?;
        let mut signers = body.inside(SIGNER, Tag::Set)?;
        body.finish()?;
        let signer = Signer::read(signers.inside(SIGNER, Tag::Sequence)?)?;
        // RFC 3161 §2.4.2: only the authority signs.
        signers.finish()?;
        if !digests.contains(&signer.digest.oid) {
            return Err(malformed(
                SIGNER,
                "its digest is not among those of the token",
            ));
        }
        Ok(Self {
            content,
            certificates,
            signer,
        })
    }

    /// The certificate that the signed attributes name.
    ///
    /// # Errors
    ///
    /// When it is not in the token, or the signature says it is by another one.
    pub(super) fn signer_certificate(&self) -> Result<Certificate<'a>, TimestampError> {
        if self.certificates.is_empty() {
            return Err(TimestampError::NoCertificate);
        }
        let certificate = self
            .certificates
            .iter()
            .filter_map(|der| Certificate::read(der).ok())
            .find(|certificate| self.signer.attributes.name(certificate))
            .ok_or(TimestampError::SignerCertificate(
                "none has the digest in the signed attributes",
            ))?;
        let named = match self.signer.named {
            SignerName::IssuerAndSerial(issued) => issued == certificate.issued,
            SignerName::KeyIdentifier(wanted) => certificate.key_identifier()? == Some(wanted),
        };
        if named {
            Ok(certificate)
        } else {
            Err(TimestampError::SignerCertificate(
                "the signer is named differently from the signed attributes",
            ))
        }
    }

    /// Says that `certificate` signed the attributes, and the attributes name the content.
    pub(super) fn check_signature(
        &self,
        certificate: &Certificate<'_>,
    ) -> Result<(), TimestampError> {
        let signer = &self.signer;
        let digest = Digest::named(&signer.digest, "signer of the token")?;
        let key = certificate.public_key()?;
        let verifier = verifier(&signer.algorithm, digest, key)?;
        if digest.of(self.content).as_ref() != signer.attributes.message_digest {
            return Err(TimestampError::Content);
        }
        let der = CertificateDer::from(certificate.der);
        EndEntityCert::try_from(&der)
            .map_err(|error| malformed("certificate of the authority", error))?
            .verify_signature(
                verifier,
                &signer.attributes.signed_bytes()?,
                signer.signature,
            )
            .map_err(|_| TimestampError::Signature {
                subject: certificate.subject(),
            })
    }
}

impl<'a> Signer<'a> {
    fn read(mut members: Members<'a>) -> Result<Self, TimestampError> {
        let version = members.next::<u8>()?;
        let named = if let Some(identifier) = members.optional(primitive(0))? {
            SignerName::KeyIdentifier(identifier)
        } else {
            let mut name = members.inside(SIGNER, Tag::Sequence)?;
            let issuer = name.raw()?;
            let serial = name.content(Tag::Integer)?;
            name.finish()?;
            SignerName::IssuerAndSerial(IssuerAndSerial { issuer, serial })
        };
        let fits = match named {
            SignerName::IssuerAndSerial(_) => version == 1,
            SignerName::KeyIdentifier(_) => version == 3,
        };
        if !fits {
            return Err(malformed(SIGNER, "its version does not fit to its name"));
        }
        let digest = Algorithm::read(members.inside(SIGNER, Tag::Sequence)?)?;
        let attributes = members
            .optional(constructed(0))?
            .ok_or_else(|| malformed(SIGNER, "it has no signed attributes"))?;
        let algorithm = Algorithm::read(members.inside(SIGNER, Tag::Sequence)?)?;
        let signature = members.content(Tag::OctetString)?;
        // Anybody can add unsigned attributes afterwards, so nothing is read from them.
        members.optional(constructed(1))?;
        members.finish()?;
        Ok(Self {
            named,
            digest,
            attributes: SignedAttributes::read(attributes)?,
            algorithm,
            signature,
        })
    }
}

fn read_digests(mut set: Members<'_>) -> Result<Vec<ObjectIdentifier>, TimestampError> {
    let mut digests = Vec::new();
    while !set.is_empty() {
        let algorithm = Algorithm::read(set.inside("digests of the token", Tag::Sequence)?)?;
        if !algorithm.has_null_or_no_parameters() {
            return Err(malformed(
                "digests of the token",
                "a digest algorithm with parameters",
            ));
        }
        digests.push(algorithm.oid);
    }
    Ok(digests)
}

fn read_content(mut members: Members<'_>) -> Result<&[u8], TimestampError> {
    let place = "content of the token";
    if members.next::<ObjectIdentifier>()? != TST_INFO {
        return Err(malformed(place, "it is not id-ct-TSTInfo"));
    }
    let mut wrapped = members.inside(place, constructed(0))?;
    members.finish()?;
    let content = wrapped.content(Tag::OctetString)?;
    wrapped.finish()?;
    Ok(content)
}

/// The X.509 certificates; the older forms that may stand beside them are passed over.
fn read_certificates(mut set: Members<'_>) -> Result<Vec<&[u8]>, TimestampError> {
    let mut certificates = Vec::new();
    while !set.is_empty() {
        let is_certificate = set.is_at(Tag::Sequence);
        let der = set.raw()?;
        if is_certificate {
            certificates.push(der);
        }
        if certificates.len() > MAX_CERTIFICATES {
            return Err(malformed(
                "certificates of the token",
                "there are more than 16",
            ));
        }
    }
    Ok(certificates)
}

const TOKEN: &str = "token";
const SIGNER: &str = "signer of the token";
const MAX_CERTIFICATES: usize = 16;
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
