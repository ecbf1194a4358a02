//! One server, asked over HTTP: with a token, compressed, and again when that helps.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Method, Response, Url};
use serde::Deserialize;

use super::error::NO_CODE;
use super::{RemoteError, ServerOptions};

/// One server.
pub(super) struct Connection {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    patience: Duration,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// The path and what is behind it.
    pub(super) path: &'a str,
    pub(super) body: Option<Vec<u8>>,
    /// The header `Idempotency-Key`.
    pub(super) key: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(super) const fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            key: None,
        }
    }
}

/// A problem as servers describe it (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
    record: Option<crate::record::RecordId>,
}

impl Connection {
    pub(super) fn new(url: &str, options: &ServerOptions) -> Result<Self, RemoteError> {
        let url = checked(url)?;
        let mut headers = HeaderMap::new();
        if let Some(token) = &options.token {
            let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.0.trim()));
            let mut value = header("the token", &bearer)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(purpose) = &options.purpose {
            headers.insert("contextrail-purpose", header("the purpose", purpose)?);
        }
        let client = crate::http::client_trusting(ONE_ANSWER, &options.roots);
        Ok(Self {
            client: client.map_err(|error| RemoteError::Options {
                what: format!("no client can be made: {error}"),
            })?,
            url,
            headers,
            patience: options.patience,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where records wait when nobody says so: in the folder of the process, by the name of the server.
    pub(super) fn spool_path(&self) -> PathBuf {
        let host = self
            .url
            .split_once("://")
            .map_or(self.url.as_str(), |it| it.1);
        let host: String = host
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        format!("contextrail-{host}.spool").into()
    }

    pub(super) fn away(&self, why: impl Into<String>) -> RemoteError {
        RemoteError::Away {
            url: self.url.clone(),
            why: why.into(),
        }
    }

    pub(super) fn senseless(&self, what: impl Into<String>) -> RemoteError {
        RemoteError::Answer {
            url: self.url.clone(),
            what: what.into(),
        }
    }

    /// Whether the server says that it can take records.
    pub(super) async fn is_ready(&self) -> bool {
        let ask = Ask::get("/readyz");
        tokio::time::timeout(self.patience, self.ask_once(&ask))
            .await
            .is_ok_and(|answer| answer.is_ok())
    }

    /// Asks once, for no longer than patience lasts: for what can wait on disk.
    pub(super) async fn ask_impatiently(&self, ask: &Ask<'_>) -> Result<Response, RemoteError> {
        match tokio::time::timeout(self.patience, self.ask_once(ask)).await {
            Ok(answer) => answer.map_err(|(error, _)| error),
            Err(_) => Err(self.away("it did not answer in time")),
        }
    }

    /// Asks until there is an answer, for as long as patience lasts. All that is asked can be asked twice.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Response, RemoteError> {
        let until = Instant::now() + self.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (error, after) = match tokio::time::timeout(left, self.ask_once(ask)).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err((error, _))) if !error.passes() => return Err(error),
                Ok(Err(failed)) => failed,
                Err(_) => return Err(self.away("it did not answer in time")),
            };
            let wait = after.unwrap_or_else(|| jittered(pause)).min(LONGEST_PAUSE);
            if Instant::now() + wait >= until {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
    }

    /// Asks once. When it may go well later, how long the server says to wait comes with the error.
    pub(super) async fn ask_once(
        &self,
        ask: &Ask<'_>,
    ) -> Result<Response, (RemoteError, Option<Duration>)> {
        let url = format!("{}{}", self.url, ask.path);
        let mut request = self.client.request(ask.method.clone(), url);
        request = request.headers(self.headers.clone());
        if let Some(key) = ask.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json");
            let packed = (body.len() >= WORTH_PACKING).then(|| zstd::bulk::compress(body, 1));
            request = match packed {
                Some(Ok(packed)) => request.header(CONTENT_ENCODING, "zstd").body(packed),
                _ => request.body(body.clone()),
            };
        }
        let sent = request.header("accept-encoding", "zstd").send().await;
        let response = sent.map_err(|error| (self.away(reasons(&error)), None))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    async fn refused(&self, response: Response) -> (RemoteError, Option<Duration>) {
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|it| it.to_str().ok()?.parse().ok());
        let after = after.map(Duration::from_secs);
        let body = self.body(response).await.unwrap_or_default();
        let problem = serde_json::from_slice::<Problem>(&body).ok();
        let (code, detail, hint, record) = match problem {
            Some(it) => (it.code, it.detail, it.hint, it.record),
            None => (None, None, None, None),
        };
        let error = RemoteError::Refused {
            status,
            code: code.unwrap_or_else(|| NO_CODE.to_owned()),
            detail: detail.unwrap_or_else(|| "it does not say why".to_owned()),
            hint,
            record,
        };
        // What passes is that it cannot be done now, whatever the words.
        let error = if status == 503 || status == 502 || status == 504 {
            self.away(error.to_string())
        } else {
            error
        };
        (error, after)
    }

    /// The body of an answer, unpacked and within bounds.
    pub(super) async fn body(&self, mut response: Response) -> Result<Vec<u8>, RemoteError> {
        let is_packed = response
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|it| it == "zstd");
        let mut bytes = Vec::new();
        let failed = |error: reqwest::Error| self.away(reasons(&error));
        while let Some(part) = response.chunk().await.map_err(failed)? {
            if bytes.len() + part.len() > MOST_BYTES {
                return Err(self.senseless("it is too long"));
            }
            bytes.extend_from_slice(&part);
        }
        if !is_packed {
            return Ok(bytes);
        }
        zstd::bulk::decompress(&bytes, MOST_BYTES)
            .map_err(|error| self.senseless(error.to_string()))
    }
}

/// The address without a `/` at its end. Anything but TLS is for this machine: the token is sent.
fn checked(url: &str) -> Result<String, RemoteError> {
    let wrong = || RemoteError::Address {
        url: super::shown(url).chars().take(200).collect(),
    };
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    let host = parsed.host_str().ok_or_else(wrong)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback());
    let is_plain = parsed.query().is_none()
        && parsed.fragment().is_none()
        && parsed.username().is_empty()
        && parsed.password().is_none();
    match parsed.scheme() {
        "https" if is_plain => {}
        "http" if is_plain && is_here => {}
        _ => return Err(wrong()),
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

fn header(what: &str, text: &str) -> Result<HeaderValue, RemoteError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| RemoteError::Options {
        what: format!("{what} cannot be sent in a header: it has line breaks or the like"),
    })
}

/// Between half of `pause` and all of it, so that many clients do not come back at once.
pub(super) fn jittered(pause: Duration) -> Duration {
    let mut byte = [0_u8; 1];
    // Without randomness all wait the longest.
    let share = getrandom::fill(&mut byte).map_or(255, |()| u32::from(byte[0]));
    pause / 2 + pause * share / 510
}

/// What went wrong below, without the address: queries have names in them.
fn reasons(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut last = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else {
        "it cannot be reached".to_owned()
    };
    while let Some(error) = source {
        last = error.to_string();
        source = error.source();
    }
    last
}

/// Longer than the server takes at most.
const ONE_ANSWER: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const WORTH_PACKING: usize = 1024;
const MOST_BYTES: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_through_tls_or_not_off_this_machine() {
        for good in [
            "https://trail.example",
            "http://127.0.0.1:8080/",
            "http://localhost",
            "http://[::1]:1",
        ] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "http://trail.example",
            "http://127.0.0.1.example",
            "https://user:password@trail.example",
            "https://trail.example?token=x",
            "ftp://trail.example",
            "https://",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
