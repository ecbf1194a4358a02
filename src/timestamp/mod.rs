//! Timestamps of RFC 3161: what to ask an authority, and how to check what it answers.
//!
//! Bytes in, bytes out: nothing here opens a connection or reads a clock. The caller sends
//! [`Request::to_der`] with the content type `application/timestamp-query` and gives the body of
//! the answer to [`Token::from_response`]. What is kept is [`Token::as_der`]; years later
//! [`Token::parse`] and [`Token::verify`] say what it proves, against the roots the reader trusts.
//!
//! A token proves that its authority saw a digest at a time. It is checked at *that* time: a
//! certificate that has expired since does no harm. Whether a certificate was revoked is not
//! checked: that needs lists which a token does not carry.
//!
//! Read is strict DER, at most [`MAX_BYTES`]. Digests are SHA-256, SHA-384 and SHA-512; signatures
//! are RSA PKCS #1 v1.5 of 2048 to 4096 bits, Ed25519 (with SHA-512), and ECDSA on P-256 and P-384
//! with SHA-256 and SHA-384. Everything else is refused by name.
//!
//! ```no_run
//! use contextrail::timestamp::{Request, Token, TrustAnchors};
//! # fn post(_: &str, _: Vec<u8>) -> Vec<u8> { Vec::new() }
//! # fn show(imprint: [u8; 32], nonce: u64, pem: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let request = Request::new(imprint, nonce);
//! let answer = post("https://tsa.example/", request.to_der());
//! let token = Token::from_response(&answer, &request)?;
//!
//! let verified = token.verify(&imprint, &TrustAnchors::from_pem(pem)?)?;
//! println!("{} µs, says {}", verified.statement.time_us, verified.statement.certificate.subject);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod anchor;
mod attribute;
mod certificate;
mod chain;
mod error;
mod name;
mod reading;
mod request;
mod response;
mod signed;
mod statement;
mod token;
mod usage;

pub use anchor::TrustAnchors;
pub use certificate::CertificateName;
pub use error::{Refusal, TimestampError};
pub use request::Request;
pub use statement::Statement;
pub use token::{MAX_BYTES, Token, Unanchored, Verified};
