//! A key management service that listens on the loopback interface.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it is to answer next.
pub(super) type Answer = (u16, String);

/// The service, and what it was asked.
pub(super) struct Service {
    pub(super) url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Inner {
    /// Given instead of the right answer, when set.
    instead: Mutex<Option<Answer>>,
    asked: Mutex<Vec<(String, Value)>>,
    /// The version of its key, which the name of the key ends with.
    version: Mutex<u32>,
}

impl Service {
    pub(super) async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/kms", listener.local_addr().unwrap());
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, task }
    }

    /// Answers so from now on, whatever it is asked.
    pub(super) fn answers(&self, status: u16, body: impl Into<String>) {
        *self.inner.instead.lock().unwrap() = Some((status, body.into()));
    }

    /// Answers rightly again.
    pub(super) fn recovers(&self) {
        *self.inner.instead.lock().unwrap() = None;
    }

    /// Has a new key from now on; the earlier ones still open.
    pub(super) fn rotates(&self) {
        *self.inner.version.lock().unwrap() += 1;
    }

    /// The paths and bodies it was asked with.
    pub(super) fn asked(&self) -> Vec<(String, Value)> {
        self.inner.asked.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut asked = inner.asked.lock().unwrap();
    asked.push((uri.path().to_owned(), body.clone()));
    if let Some((status, body)) = inner.instead.lock().unwrap().clone() {
        return (StatusCode::from_u16(status).unwrap(), body);
    }
    if headers.get("authorization").is_none_or(|it| it != TOKEN) {
        return (StatusCode::FORBIDDEN, "who are you?".to_owned());
    }
    let context = body["context"].as_str().unwrap();
    let bound = |text: &str| base64(format!("{context}\0{text}").as_bytes());
    let answer = match uri.path() {
        "/kms/wrap" => {
            let version = *inner.version.lock().unwrap();
            let key = format!("projects/x/keys/{version}");
            json!({"key": key, "ciphertext": bound(body["plaintext"].as_str().unwrap())})
        }
        "/kms/unwrap" => {
            let wrapped = unbase64(body["ciphertext"].as_str().unwrap());
            let Some(plaintext) = wrapped.strip_prefix(&format!("{context}\0")) else {
                return (StatusCode::UNPROCESSABLE_ENTITY, String::new());
            };
            json!({"plaintext": plaintext})
        }
        _ => return (StatusCode::NOT_FOUND, String::new()),
    };
    (StatusCode::OK, answer.to_string())
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn unbase64(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    String::from_utf8(bytes.unwrap()).unwrap()
}

const TOKEN: &str = "Bearer a-very-secret-token";
