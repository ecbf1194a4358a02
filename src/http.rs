//! The HTTP client of everything here that asks others.

use std::time::Duration;

/// A client that gives up after `patience` and follows nobody elsewhere.
pub(crate) fn client(patience: Duration) -> Result<reqwest::Client, reqwest::Error> {
    client_trusting(patience, &[])
}

/// The same, which trusts the authorities in `roots` too, certificates in PEM.
pub(crate) fn client_trusting(
    patience: Duration,
    roots: &[u8],
) -> Result<reqwest::Client, reqwest::Error> {
    // Whoever has installed another provider before keeps it.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    // A redirect could lead a request anywhere, and nobody who is asked needs one.
    reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_merge(reqwest::Certificate::from_pem_bundle(roots)?)
        .build()
}
