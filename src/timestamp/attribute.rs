//! The attributes an authority signs: which content, and which certificate it signed with.

use der::Tag;
use der::asn1::ObjectIdentifier;
use ring::digest;

use crate::timestamp::TimestampError;
use crate::timestamp::algorithm::{Algorithm, Digest};
use crate::timestamp::certificate::{Certificate, IssuerAndSerial};
use crate::timestamp::error::malformed;
use crate::timestamp::reading::{Members, constructed};

/// The signed attributes that count.
pub(super) struct SignedAttributes<'a> {
    content: &'a [u8],
    pub(super) message_digest: &'a [u8],
    certificates: Vec<CertificateReference<'a>>,
}

/// How the attributes name the certificate of the authority (`ESSCertID`, `ESSCertIDv2`).
struct CertificateReference<'a> {
    digest: CertificateDigest,
    hash: &'a [u8],
    issued: Option<IssuerAndSerial<'a>>,
}

enum CertificateDigest {
    /// The first form of the attribute knows nothing else. What it protects is which certificate
    /// was meant; two that fit one key cannot be made without the authority.
    Sha1,
    Stated(Digest),
}

impl<'a> SignedAttributes<'a> {
    /// Reads what is inside the attributes' tag.
    pub(super) fn read(content: &'a [u8]) -> Result<Self, TimestampError> {
        let (mut content_type, mut message_digest) = (None, None);
        let mut certificates = Vec::new();
        for (oid, mut values) in read_attributes(content)? {
            match oid {
                CONTENT_TYPE => content_type = Some(values.next::<ObjectIdentifier>()?),
                MESSAGE_DIGEST => message_digest = Some(values.content(Tag::OctetString)?),
                SIGNING_CERTIFICATE => certificates.push(reference(&mut values, first_form)?),
                SIGNING_CERTIFICATE_V2 => certificates.push(reference(&mut values, second_form)?),
                _ => continue,
            }
            values.finish()?;
        }
        if content_type != Some(TST_INFO) {
            return Err(malformed(
                ATTRIBUTES,
                "the content type is not id-ct-TSTInfo",
            ));
        }
        if certificates.is_empty() {
            return Err(malformed(
                ATTRIBUTES,
                "the signing certificate is not named",
            ));
        }
        Ok(Self {
            content,
            message_digest: message_digest
                .ok_or_else(|| malformed(ATTRIBUTES, "the message digest is missing"))?,
            certificates,
        })
    }

    /// The bytes that are signed: the attributes under the tag of a SET (RFC 5652 §5.4), in the
    /// order in which they came.
    pub(super) fn signed_bytes(&self) -> Result<Vec<u8>, TimestampError> {
        let length = der::Length::try_from(self.content.len())
            .and_then(|length| der::Encode::to_der(&length))
            .map_err(|error| malformed(ATTRIBUTES, error))?;
        Ok([&[0x31], length.as_slice(), self.content].concat())
    }

    /// Whether every reference names `certificate`.
    pub(super) fn name(&self, certificate: &Certificate<'_>) -> bool {
        self.certificates
            .iter()
            .all(|reference| reference.names(certificate))
    }
}

impl CertificateReference<'_> {
    fn names(&self, certificate: &Certificate<'_>) -> bool {
        let hash = match self.digest {
            CertificateDigest::Sha1 => {
                digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der)
            }
            CertificateDigest::Stated(digest) => digest.of(certificate.der),
        };
        hash.as_ref() == self.hash
            && self
                .issued
                .is_none_or(|issued| issued == certificate.issued)
    }
}

/// The attributes with their values, each attribute once.
fn read_attributes(content: &[u8]) -> Result<Vec<(ObjectIdentifier, Members<'_>)>, TimestampError> {
    let mut list = Members::new(ATTRIBUTES, content)?;
    let mut attributes: Vec<(ObjectIdentifier, Members<'_>)> = Vec::new();
    while !list.is_empty() {
        let mut members = list.inside(ATTRIBUTES, Tag::Sequence)?;
        let oid = members.next::<ObjectIdentifier>()?;
        let values = members.inside(ATTRIBUTES, Tag::Set)?;
        members.finish()?;
        if attributes.iter().any(|(earlier, _)| *earlier == oid) {
            return Err(malformed(ATTRIBUTES, format!("{oid} is there twice")));
        }
        attributes.push((oid, values));
    }
    Ok(attributes)
}

/// The first reference of the attribute, which is the one of the signer; the others, if any, name
/// its issuers, which are checked by their signatures.
fn reference<'a>(
    values: &mut Members<'a>,
    read: impl FnOnce(Members<'a>) -> Result<CertificateReference<'a>, TimestampError>,
) -> Result<CertificateReference<'a>, TimestampError> {
    let mut attribute = values.inside(REFERENCE, Tag::Sequence)?;
    let mut list = attribute.inside(REFERENCE, Tag::Sequence)?;
    read(list.inside(REFERENCE, Tag::Sequence)?)
}

fn first_form(mut members: Members<'_>) -> Result<CertificateReference<'_>, TimestampError> {
    let hash = members.content(Tag::OctetString)?;
    Ok(CertificateReference {
        digest: CertificateDigest::Sha1,
        hash,
        issued: issuer_and_serial(members)?,
    })
}

fn second_form(mut members: Members<'_>) -> Result<CertificateReference<'_>, TimestampError> {
    let digest = if members.is_at(Tag::Sequence) {
        let algorithm = Algorithm::read(members.inside(REFERENCE, Tag::Sequence)?)?;
        Digest::named(&algorithm, REFERENCE)?
    } else {
        Digest::Sha256
    };
    let hash = members.content(Tag::OctetString)?;
    Ok(CertificateReference {
        digest: CertificateDigest::Stated(digest),
        hash,
        issued: issuer_and_serial(members)?,
    })
}

fn issuer_and_serial(
    mut members: Members<'_>,
) -> Result<Option<IssuerAndSerial<'_>>, TimestampError> {
    if members.is_empty() {
        return Ok(None);
    }
    let mut both = members.inside(REFERENCE, Tag::Sequence)?;
    members.finish()?;
    let mut names = both.inside(REFERENCE, Tag::Sequence)?;
    let issuer = names.content(constructed(4))?;
    names.finish()?;
    let serial = both.content(Tag::Integer)?;
    both.finish()?;
    Ok(Some(IssuerAndSerial { issuer, serial }))
}

const ATTRIBUTES: &str = "signed attributes of the token";
const REFERENCE: &str = "reference to the signing certificate";

/// What the content of a timestamp token is called.
pub(super) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
