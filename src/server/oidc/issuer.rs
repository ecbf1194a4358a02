//! The issuer, asked for its keys.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::OidcError;
use super::keys::KeySet;

/// Where the keys of an issuer are.
#[derive(Debug)]
pub(super) struct Issuer {
    client: reqwest::Client,
    name: String,
    keys: Place,
}

#[derive(Debug)]
enum Place {
    Known(Url),
    /// The document of the issuer says where.
    Discovered(Url),
}

/// What of that document matters here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(name: &str, jwks_url: Option<&str>, roots: &[u8]) -> Result<Self, OidcError> {
        let issuer = address("issuer", name)?;
        let keys = match jwks_url {
            Some(url) => Place::Known(address("JWKS address", url)?),
            None => {
                let well_known = issuer.as_str().trim_end_matches('/');
                let well_known = format!("{well_known}/.well-known/openid-configuration");
                Place::Discovered(address("issuer", &well_known)?)
            }
        };
        let client = crate::http::client_trusting(PATIENCE, roots);
        Ok(Self {
            client: client.map_err(|error| OidcError::Options {
                what: format!("no client for the issuer can be made: {error}"),
            })?,
            name: name.to_owned(),
            keys,
        })
    }

    pub(super) async fn keys(&self) -> Result<KeySet, OidcError> {
        let url = match &self.keys {
            Place::Known(url) => url.clone(),
            Place::Discovered(url) => self.discovered(url).await?,
        };
        let bytes = self.get(&url).await?;
        KeySet::read(&bytes).map_err(|what| wrong(&url, what))
    }

    async fn discovered(&self, url: &Url) -> Result<Url, OidcError> {
        let bytes = self.get(url).await?;
        let found: Discovery = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(url, format!("is no description of an issuer: {error}")))?;
        if found.issuer != self.name {
            let what = "describes another issuer; it has to be named as its tokens name it";
            return Err(wrong(url, what));
        }
        address("JWKS address", &found.jwks_uri)
            .map_err(|_| wrong(url, "names no address of keys that can be asked safely"))
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, OidcError> {
        let away = |error: reqwest::Error| OidcError::Away {
            url: url.to_string(),
            why: crate::http::reasons(&error),
        };
        let request = self.client.get(url.clone());
        let mut answer = request.send().await.map_err(away)?;
        if answer.status() != StatusCode::OK {
            return Err(wrong(url, format!("answers {}", answer.status().as_u16())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(wrong(url, "answers more than 256 KiB"));
            }
        }
        Ok(bytes)
    }
}

fn address(what: &str, text: &str) -> Result<Url, OidcError> {
    let url = Url::parse(text).ok().filter(crate::http::is_safe);
    url.ok_or_else(|| OidcError::Options {
        what: format!(
            "the {what} of OpenID Connect has to be https:// (http:// on this machine alone), without a password, query or fragment"
        ),
    })
}

fn wrong(url: &Url, what: impl Into<String>) -> OidcError {
    OidcError::Answer {
        url: url.to_string(),
        what: what.into(),
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 256 << 10;
