//! The roots a reader trusts.

use pki_types::pem::PemObject;
use pki_types::{CertificateDer, TrustAnchor};

use crate::timestamp::TimestampError;
use crate::timestamp::certificate::Certificate;

/// The root certificates of the authorities whose timestamps are believed.
///
/// Which they are is the decision of the reader: a root that came with a token says nothing.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    certificates: Vec<CertificateDer<'static>>,
    pub(super) anchors: Vec<TrustAnchor<'static>>,
}

impl TrustAnchors {
    /// Reads the certificates of `pem`; text around them is passed over.
    ///
    /// # Errors
    ///
    /// When there is none, when one cannot be read or may not issue certificates, and when there
    /// are more than 1 MiB of text.
    pub fn from_pem(pem: &str) -> Result<Self, TimestampError> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(TimestampError::TooLarge {
                what: "list of trusted roots",
                size_bytes: pem.len(),
                limit_bytes: MAX_PEM_BYTES,
            });
        }
        let mut certificates = Vec::new();
        let mut anchors = Vec::new();
        for (der, position) in CertificateDer::pem_slice_iter(pem.as_bytes()).zip(1..) {
            let unusable = |reason: String| TimestampError::Anchor { position, reason };
            let der = der.map_err(|error| unusable(error.to_string()))?;
            Certificate::read(&der)
                .and_then(|certificate| certificate.check_issuer(0))
                .map_err(|error| unusable(error.to_string()))?;
            let anchor = webpki::anchor_from_trusted_cert(&der)
                .map_err(|error| unusable(error.to_string()))?
                .to_owned();
            anchors.push(anchor);
            certificates.push(der);
        }
        if anchors.is_empty() {
            return Err(TimestampError::NoAnchors);
        }
        Ok(Self {
            certificates,
            anchors,
        })
    }

    /// The certificates with the name and the key of `anchor`: a renewed root shares them with the
    /// one before.
    pub(super) fn certificates_of<'a>(
        &'a self,
        anchor: &'a TrustAnchor<'_>,
    ) -> impl Iterator<Item = &'a CertificateDer<'static>> {
        self.anchors
            .iter()
            .zip(&self.certificates)
            .filter(|(known, _)| {
                known.subject == anchor.subject
                    && known.subject_public_key_info == anchor.subject_public_key_info
            })
            .map(|(_, certificate)| certificate)
    }
}

const MAX_PEM_BYTES: usize = 1 << 20;
