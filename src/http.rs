//! The HTTP client of everything here that asks others.

use std::time::Duration;

/// A client that gives up after `patience` and follows nobody elsewhere.
pub(crate) fn client(patience: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // Whoever has installed another provider before keeps it.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    // A redirect could lead a request anywhere, and nobody who is asked needs one.
    reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .build()
}
