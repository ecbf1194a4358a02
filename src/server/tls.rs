//! TLS: a certificate and its key from files, read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// A certificate with what it is issued by, and its key. Whoever replaces the files is served with the new ones
/// within seconds; what cannot be used leaves the old ones in place.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// The bytes of both files.
    read: Read,
}

type Read = (Vec<u8>, Zeroizing<Vec<u8>>);

/// Why a certificate cannot be served with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} {what}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

impl Tls {
    /// Reads a certificate, with those between it and its root behind it, and its key: both in PEM.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when a file cannot be read, holds something else, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = read(certificate, key)?;
        Ok(Self {
            current: RwLock::new(Current {
                config: Arc::new(config(certificate, key, &read)?),
                read,
            }),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current.config))
    }

    /// Reads the files again when they are others than they were. Gives whether they were.
    pub(super) fn refresh(&self) -> Result<bool, TlsError> {
        let read = read(&self.certificate, &self.key)?;
        let is_known = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            current.read == read
        };
        if is_known {
            return Ok(false);
        }
        let config = Arc::new(config(&self.certificate, &self.key, &read)?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Current { config, read };
        Ok(true)
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current(…)")
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Read, TlsError> {
    let bytes = |path: &Path| {
        std::fs::read(path).map_err(|source| TlsError::File {
            path: path.display().to_string(),
            source,
        })
    };
    Ok((bytes(certificate)?, Zeroizing::new(bytes(key)?)))
}

fn config(
    certificate: &Path,
    key: &Path,
    (chain, secret): &Read,
) -> Result<ServerConfig, TlsError> {
    let wrong = |path: &Path, what: String| TlsError::Content {
        path: path.display().to_string(),
        what,
    };
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain = chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| wrong(certificate, "holds no certificate in PEM".to_owned()))?;
    let secret = PrivateKeyDer::from_pem_slice(secret)
        .map_err(|_| wrong(key, "holds no private key in PEM".to_owned()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong(certificate, format!("and its key cannot be used: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
