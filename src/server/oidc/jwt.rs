//! A signed token (RFC 7519, RFC 7515), taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Algorithm, KeySet};

/// A token that nothing is known of yet.
pub(super) struct Jwt<'a> {
    key: String,
    algorithm: Algorithm,
    /// What is signed: the first two parts.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: Value,
    kid: Option<String>,
    typ: Option<String>,
    /// What has to be understood, and is not.
    crit: Option<Value>,
}

impl<'a> Jwt<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("the token is longer than 16 KiB");
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(NO_TOKEN)?;
        let (header, claims) = signed.split_once('.').ok_or(NO_TOKEN)?;
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| NO_TOKEN)?;
        let algorithm = Algorithm::deserialize(&header.alg)
            .map_err(|_| "the token is not signed by RS256, ES256 or EdDSA")?;
        // why: tokens for something else, such as proofs of possession, can have the same signer.
        let is_known = header.typ.as_deref().is_none_or(|it| {
            ["jwt", "at+jwt", "application/at+jwt"].contains(&it.to_ascii_lowercase().as_str())
        });
        if header.crit.is_some() || !is_known {
            return Err("the token is of a kind that is not known here");
        }
        Ok(Self {
            key: header.kid.ok_or("the token names no key (`kid`)")?,
            algorithm,
            signed,
            claims,
            signature: decoded(signature)?,
        })
    }

    pub(super) fn names_one_of(&self, keys: &KeySet) -> bool {
        keys.has(&self.key, self.algorithm)
    }

    /// What it says, if one of `keys` signed it.
    pub(super) fn verified(&self, keys: &KeySet) -> Result<Value, &'static str> {
        if !self.names_one_of(keys) {
            return Err("the issuer has no such key");
        }
        let named = (self.key.as_str(), self.algorithm);
        if !keys.verifies(named, self.signed.as_bytes(), &self.signature) {
            return Err("the signature of the token is wrong");
        }
        serde_json::from_slice(&decoded(self.claims)?).map_err(|_| NO_TOKEN)
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| NO_TOKEN)
}

const NO_TOKEN: &str = "it is neither a token of this trail nor one of OpenID Connect";
const LONGEST: usize = 16 << 10;
