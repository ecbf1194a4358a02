//! Tokens that no honest authority makes, signed with its real key.

use std::slice;

use der::asn1::ObjectIdentifier;
use der::{Encode, Length};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{digest, signature};

use crate::timestamp::tsa::{Kind, POLICY, Tsa};

pub(crate) const SHA1: &str = "1.3.14.3.2.26";
pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(crate) const SHA512: &str = "2.16.840.1.101.3.4.2.3";
pub(crate) const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
pub(crate) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(crate) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(crate) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// A token in parts, each of which can be replaced before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Forgery {
    pub(crate) content_type: &'static str,
    pub(crate) content: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signed_data_version: u8,
    pub(crate) signer_version: u8,
    pub(crate) signer_name: Vec<u8>,
    pub(crate) digest: &'static str,
    pub(crate) signature_algorithm: Vec<u8>,
    pub(crate) attributes: Option<Vec<Vec<u8>>>,
    pub(crate) signers: usize,
    pub(crate) unsigned: Vec<u8>,
    kind: Kind,
    key: Vec<u8>,
}

impl Forgery {
    /// An honest token of `tsa`, whose key is of the `kind`, about `content`.
    pub(crate) fn of(tsa: &Tsa, kind: Kind, content: Vec<u8>) -> Self {
        let certificate = tsa.certificate("tsa.pem");
        let (digest, signature) = match kind {
            Kind::Ed25519 => (SHA512, "1.3.101.112"),
            _ if kind.signs_with_rsa() => (SHA256, "1.2.840.113549.1.1.11"),
            _ => (SHA256, "1.2.840.10045.4.3.2"),
        };
        Self {
            content_type: TST_INFO,
            signed_data_version: 3,
            signer_version: 1,
            signer_name: issuer_and_serial(&certificate),
            digest,
            signature_algorithm: tlv(0x30, &[oid(signature)]),
            attributes: Some(vec![
                attribute(CONTENT_TYPE, oid(TST_INFO)),
                attribute(MESSAGE_DIGEST, tlv(0x04, &[hash(digest, &content)])),
                attribute(SIGNING_CERTIFICATE_V2, reference(&certificate)),
            ]),
            certificates: vec![certificate],
            content,
            signers: 1,
            unsigned: Vec::new(),
            kind,
            key: tsa.key(),
        }
    }

    /// Replaces the value of the attribute `name`, or takes it out.
    #[must_use]
    pub(crate) fn with_attribute(mut self, name: &str, value: Option<Vec<u8>>) -> Self {
        let attributes = self.attributes.as_mut().unwrap();
        let start = oid(name);
        attributes.retain(|attribute| !attribute[2..].starts_with(&start));
        attributes.extend(value.map(|value| attribute(name, value)));
        self
    }

    /// Signs what the parts say now.
    pub(crate) fn token(&self) -> Vec<u8> {
        let algorithm = tlv(0x30, &[oid(self.digest)]);
        let content = tlv(
            0x30,
            &[
                oid(self.content_type),
                tlv(0xa0, &[tlv(0x04, slice::from_ref(&self.content))]),
            ],
        );
        let signers = vec![self.signer(&algorithm); self.signers];
        let body = tlv(
            0x30,
            &[
                tlv(0x02, &[vec![self.signed_data_version]]),
                tlv(0x31, slice::from_ref(&algorithm)),
                content,
                tlv(0xa0, &self.certificates),
                tlv(0x31, &signers),
            ],
        );
        tlv(0x30, &[oid("1.2.840.113549.1.7.2"), tlv(0xa0, &[body])])
    }

    fn signer(&self, algorithm: &[u8]) -> Vec<u8> {
        let mut parts = vec![
            tlv(0x02, &[vec![self.signer_version]]),
            self.signer_name.clone(),
            algorithm.to_vec(),
        ];
        let signed = match &self.attributes {
            Some(attributes) => {
                parts.push(tlv(0xa0, attributes));
                tlv(0x31, attributes)
            }
            None => self.content.clone(),
        };
        parts.push(self.signature_algorithm.clone());
        parts.push(tlv(0x04, &[self.sign(&signed)]));
        parts.push(self.unsigned.clone());
        tlv(0x30, &parts)
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self.kind {
            Kind::Ed25519 => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.key).unwrap();
                signature::Signature::as_ref(&key.sign(message)).to_vec()
            }
            // ring signs with no key this short; the length is refused before the signature.
            Kind::ShortKey => vec![0; 128],
            _ if self.kind.signs_with_rsa() => {
                let key = RsaKeyPair::from_pkcs8(&self.key).unwrap();
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            _ => {
                let key =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key, &random)
                        .unwrap();
                key.sign(&random, message).unwrap().as_ref().to_vec()
            }
        }
    }
}

/// A statement about the SHA-256 digest `imprint`, made at `time`, with `more` after the time.
pub(crate) fn statement(imprint: &[u8; 32], time: &str, more: &[Vec<u8>]) -> Vec<u8> {
    statement_with(SHA256, imprint, time, more)
}

/// A statement about a digest made with the algorithm `digest`.
pub(crate) fn statement_with(
    digest: &str,
    imprint: &[u8],
    time: &str,
    more: &[Vec<u8>],
) -> Vec<u8> {
    let algorithm = tlv(0x30, &[oid(digest)]);
    let parts = [
        tlv(0x02, &[vec![1]]),
        oid(POLICY),
        tlv(0x30, &[algorithm, tlv(0x04, &[imprint.to_vec()])]),
        tlv(0x02, &[vec![0x2a]]),
        tlv(0x18, &[time.as_bytes().to_vec()]),
    ];
    tlv(0x30, &[&parts, more].concat())
}

/// The second form of the reference to the signing certificate.
pub(crate) fn reference(certificate: &[u8]) -> Vec<u8> {
    let hash = tlv(0x04, &[hash(SHA256, certificate)]);
    tlv(0x30, &[tlv(0x30, &[tlv(0x30, &[hash])])])
}

/// The reference with the issuer and the number of `named` beside the hash of `certificate`.
pub(crate) fn full_reference(certificate: &[u8], named: &[u8]) -> Vec<u8> {
    let hash = tlv(0x04, &[hash(SHA256, certificate)]);
    let issued = parts(&issuer_and_serial(named));
    let names = tlv(0x30, &[tlv(0xa4, &issued[..1])]);
    let issued = tlv(0x30, &[names, issued[1].clone()]);
    tlv(0x30, &[tlv(0x30, &[tlv(0x30, &[hash, issued])])])
}

pub(crate) fn attribute(name: &str, value: Vec<u8>) -> Vec<u8> {
    tlv(0x30, &[oid(name), tlv(0x31, &[value])])
}

/// The issuer and the number of `certificate`, as a signer is named by them.
pub(crate) fn issuer_and_serial(certificate: &[u8]) -> Vec<u8> {
    let body = parts(&parts(certificate)[0]);
    tlv(0x30, &[body[3].clone(), body[1].clone()])
}

pub(crate) fn hash(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        SHA384 => &digest::SHA384,
        SHA512 => &digest::SHA512,
        _ => &digest::SHA256,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}

/// A value with its tag and length.
pub(crate) fn tlv(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = Length::try_from(content.len()).unwrap().to_der().unwrap();
    [vec![tag], length, content].concat()
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    ObjectIdentifier::new(text).unwrap().to_der().unwrap()
}

/// The members of the constructed value `der`, each with its tag and length.
pub(crate) fn parts(der: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = content(der).1;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (whole, _) = content(rest);
        parts.push(rest[..whole].to_vec());
        rest = &rest[whole..];
    }
    parts
}

/// The length of the first value of `der` with its head, and what is inside it.
fn content(der: &[u8]) -> (usize, &[u8]) {
    let (head, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let bytes = &der[2..2 + count];
            (
                2 + count,
                bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            )
        }
    };
    (head + length, &der[head..head + length])
}
