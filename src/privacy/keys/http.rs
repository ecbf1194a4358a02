//! Key-encryption keys behind HTTP.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{KeyError, KeyProvider, Secret, Wrapped};
use crate::http::client;

/// Asks a key management service over HTTP: `POST {url}/wrap` and `POST {url}/unwrap`.
///
/// `docs/privacy.md` has the protocol. Keys of tenants go over the wire, so that anything but TLS
/// is taken for the loopback interface alone. The token is sent, and shown nowhere.
pub struct HttpKeys {
    url: String,
    client: reqwest::Client,
    authorization: HeaderValue,
}

impl HttpKeys {
    /// The service at `url`, which is asked with the bearer token `token`. Waits 10 seconds for an
    /// answer, unless told otherwise.
    ///
    /// # Errors
    ///
    /// [`KeyError::Provider`] for an address that is none, or not safe; for a token that cannot be
    /// sent.
    pub fn new(url: &str, token: &str) -> Result<Self, KeyError> {
        // What was given may hold a password: nothing but the rule is said of it.
        let url = checked(url).map_err(|what| KeyError::Provider {
            provider: "the key service".to_owned(),
            what: what.to_owned(),
        })?;
        let failed = |what: String| KeyError::Provider {
            provider: format!("the key service {url}"),
            what,
        };
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let authorization = HeaderValue::from_str(&bearer).ok();
        let mut authorization = authorization
            .filter(|_| !token.trim().is_empty())
            .ok_or_else(|| failed("its token is empty, or cannot be sent".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: client(PATIENCE).map_err(|error| failed(error.to_string()))?,
            url,
            authorization,
        })
    }

    /// Waits this long for an answer.
    ///
    /// # Errors
    ///
    /// [`KeyError::Provider`] when the client cannot be made anew.
    pub fn with_patience(mut self, patience: Duration) -> Result<Self, KeyError> {
        let made = client(patience);
        self.client = made.map_err(|error| KeyError::Provider {
            provider: self.describe(),
            what: error.to_string(),
        })?;
        Ok(self)
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        verb: &str,
        question: &Question<'_>,
    ) -> Result<A, KeyError> {
        let body =
            serde_json::to_vec(question).map_err(|error| self.does_not_hold(error.to_string()))?;
        let sent = self
            .client
            .post(format!("{}/{verb}", self.url))
            .header(AUTHORIZATION, self.authorization.clone())
            .header("content-type", "application/json")
            .body(body)
            .send();
        let answer = sent.await.map_err(|error| self.away(&error))?;
        match answer.status().as_u16() {
            200 => {}
            status @ (401 | 403) => {
                return Err(KeyError::Denied {
                    provider: self.describe(),
                    status,
                    hint: format!("look whether its token is valid and may {verb}"),
                });
            }
            404 | 422 if verb == UNWRAP => {
                return Err(KeyError::WrongKey {
                    provider: self.describe(),
                    what: question.context.to_owned(),
                    key: question.key.unwrap_or_default().to_owned(),
                });
            }
            // The body is not shown: it may repeat the question, and with it a key.
            status => {
                return Err(KeyError::Provider {
                    provider: self.describe(),
                    what: format!("it answered {status} when asked to {verb}"),
                });
            }
        }
        let body = self.body_of(answer).await?;
        // What serde says of a wrong answer may quote it.
        serde_json::from_slice(&body)
            .map_err(|error| self.does_not_hold(format!("{:?} error in it", error.classify())))
    }

    async fn body_of(&self, mut answer: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.away(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(self.does_not_hold(format!("it is longer than {MOST_BYTES} bytes")));
            }
        }
        Ok(body)
    }

    fn away(&self, error: &reqwest::Error) -> KeyError {
        let mut what = match error.is_timeout() {
            true => "it did not answer in time".to_owned(),
            false => "the connection failed".to_owned(),
        };
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            what.push_str(&format!(": {error}"));
            source = error.source();
        }
        KeyError::Away {
            provider: self.describe(),
            what,
        }
    }

    fn does_not_hold(&self, what: impl Into<String>) -> KeyError {
        KeyError::Answer {
            provider: self.describe(),
            what: what.into(),
        }
    }
}

impl fmt::Debug for HttpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpKeys")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyProvider for HttpKeys {
    fn describe(&self) -> String {
        format!("the key service {}", self.url)
    }

    async fn wrap(&self, context: &str, secret: &Secret) -> Result<Wrapped, KeyError> {
        let plaintext = Zeroizing::new(BASE64.encode(secret.as_bytes()));
        let question = Question {
            context,
            plaintext: Some(&plaintext),
            ..Question::default()
        };
        let answer: Wrapping = self.ask(WRAP, &question).await?;
        let is_name = (1..=MOST_NAME).contains(&answer.key.len())
            && !answer.key.chars().any(char::is_control);
        if !is_name {
            return Err(self.does_not_hold("`key` is not the name of a key"));
        }
        let bytes = BASE64.decode(&answer.ciphertext).ok();
        let bytes = bytes.filter(|bytes| !bytes.is_empty());
        Ok(Wrapped {
            key: answer.key,
            bytes: bytes.ok_or_else(|| self.does_not_hold("`ciphertext` is not in base64"))?,
        })
    }

    async fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<Secret, KeyError> {
        let ciphertext = BASE64.encode(&wrapped.bytes);
        let question = Question {
            context,
            ciphertext: Some(&ciphertext),
            key: Some(&wrapped.key),
            ..Question::default()
        };
        let answer: Unwrapping = self.ask(UNWRAP, &question).await?;
        let bytes = BASE64.decode(&answer.plaintext).map(Zeroizing::new).ok();
        let secret = bytes.and_then(|bytes| bytes.as_slice().try_into().ok());
        secret
            .map(Secret::from_bytes)
            .ok_or_else(|| self.does_not_hold("`plaintext` is not 32 bytes in base64"))
    }
}

#[derive(Default, Serialize)]
struct Question<'a> {
    context: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

#[derive(Deserialize)]
struct Wrapping {
    key: String,
    ciphertext: String,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Unwrapping {
    plaintext: String,
}

/// The address without the slash behind it, or what is wrong with it.
fn checked(text: &str) -> Result<String, &'static str> {
    let no_url = "its address is no https://… address";
    let url = Url::parse(text).map_err(|_| no_url)?;
    let host = url.host_str().ok_or(no_url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its address holds a password, which files and messages would show");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("its address goes on behind the path, and `/wrap` has no place there");
    }
    let is_here = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err("keys would cross the network in the clear: use https"),
        _ => return Err(no_url),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

const WRAP: &str = "wrap";
const UNWRAP: &str = "unwrap";
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any encrypted key needs.
const MOST_BYTES: usize = 64 << 10;
const MOST_NAME: usize = 512;
