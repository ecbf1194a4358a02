//! What a handler gives back.

use axum::http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::problem::Problem;

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media: &'static str,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, value: &(impl Serialize + ?Sized)) -> Result<Self, Problem> {
        let body =
            serde_json::to_vec(value).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Self::new(status, "application/json", body))
    }

    pub(super) const fn new(status: u16, media: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            media,
            headers: Vec::new(),
            body,
        }
    }

    /// With another header; one whose value no header can have is left out.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}
