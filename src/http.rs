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
    know_a_provider();
    // A redirect could lead a request anywhere, and nobody who is asked needs one.
    reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_merge(reqwest::Certificate::from_pem_bundle(roots)?)
        .build()
}

/// Clients for TLS need cryptography of the process's choice: whoever has installed another provider
/// before keeps it.
pub(crate) fn know_a_provider() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
}

/// Whether what is sent to `url` is safe from others: by TLS, or on this machine.
pub(crate) fn is_safe(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback());
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_plain && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
}

/// What went wrong below, without the address: queries have names in them.
pub(crate) fn reasons(error: &reqwest::Error) -> String {
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
