//! The public keys of an issuer (RFC 7517), and what they sign.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// How a token is signed. Nothing else is taken: neither `none`, nor what needs a shared secret.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA", alias = "Ed25519")]
    EdDsa,
}

/// Keys that tokens can be checked by.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: String,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<Algorithm>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set of keys. Those of another kind, without an id, or for something else are left out.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Jwks =
            serde_json::from_slice(bytes).map_err(|error| format!("is no set of keys: {error}"))?;
        if read.keys.len() > MOST_KEYS {
            return Err(format!("has more than {MOST_KEYS} keys"));
        }
        let keys = read.keys.into_iter();
        // why: a set has keys of any kind, and what is not understood is to be ignored (RFC 7517, 5).
        let keys = keys.filter_map(|it| serde_json::from_value::<Jwk>(it).ok());
        let keys: Vec<Key> = keys.filter_map(Jwk::key).collect();
        if keys.is_empty() {
            return Err("has no key with an id for RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self(keys))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, id: &str, algorithm: Algorithm) -> bool {
        self.named(id, algorithm).next().is_some()
    }

    /// Whether the key of this id signed `message`.
    pub(super) fn verifies(
        &self,
        (id, algorithm): (&str, Algorithm),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.named(id, algorithm)
            .any(|key| key.public.verifies(message, signature))
    }

    fn named(&self, id: &str, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        let all = self.0.iter();
        all.filter(move |key| key.id == id && key.public.algorithm() == algorithm)
    }
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let is_for_signing = self.usage.as_deref().is_none_or(|it| it == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|all| all.iter().any(|it| it == "verify"));
        if !is_for_signing {
            return None;
        }
        let public = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let n = number(self.n.as_deref()?)?;
                let e = number(self.e.as_deref()?)?;
                let is_long = (SHORTEST_RSA..=LONGEST_RSA).contains(&n.len());
                is_long.then_some(Public::Rsa(RsaPublicKeyComponents { n, e }))?
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (point(self.x.as_deref()?)?, point(self.y.as_deref()?)?);
                Public::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(point(self.x.as_deref()?)?),
            _ => return None,
        };
        let is_own = self.alg.is_none_or(|it| it == public.algorithm());
        is_own.then_some(Key {
            id: self.kid,
            public,
        })
    }
}

impl Public {
    /// The one algorithm that the key is for, so that a token cannot choose another.
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.is_ok()
    }
}

/// A number without zeros before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|it| *it != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

/// A coordinate, 32 bytes.
fn point(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == 32).then_some(bytes)
}

const MOST_KEYS: usize = 64;
/// 2,048 bits.
const SHORTEST_RSA: usize = 256;
/// 8,192 bits.
const LONGEST_RSA: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &[Value]) -> Result<KeySet, String> {
        KeySet::read(serde_json::json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keys_that_are_weak_or_for_something_else_are_left_out() {
        let n = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]);
        let x = URL_SAFE_NO_PAD.encode([7; 32]);
        let rsa = serde_json::json!({"kty": "RSA", "kid": "a", "n": n(256), "e": "AQAB"});
        assert!(
            read(std::slice::from_ref(&rsa))
                .unwrap()
                .has("a", Algorithm::Rs256)
        );
        for (member, value) in [
            ("n", n(255).into()),
            ("n", n(1_025).into()),
            ("n", "".into()),
            ("n", Value::Null),
            ("use", "enc".into()),
            ("alg", "RS512".into()),
            ("alg", "ES256".into()),
            ("kid", Value::Null),
            ("kty", "oct".into()),
            ("key_ops", serde_json::json!(["encrypt"])),
        ] {
            let mut other = rsa.clone();
            other[member] = value;
            let error = read(&[other.clone()]).expect_err(&other.to_string());
            assert!(error.contains("has no key"), "{error}");
            // Others beside it are taken.
            assert_eq!(read(&[other, rsa.clone()]).unwrap().len(), 1);
        }
        for point in ["AQAB", "!", ""] {
            let other = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": point});
            assert!(read(&[other]).is_err());
        }
        let ed25519 = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x});
        let keys = read(&[ed25519.clone(), rsa]).unwrap();
        assert!(keys.has("a", Algorithm::EdDsa) && !keys.has("a", Algorithm::Es256));
        assert!(read(&vec![ed25519; MOST_KEYS + 1]).is_err());
        assert!(KeySet::read(b"[]").is_err());
    }
}
