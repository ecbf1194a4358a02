//! The file that says how a trail is served.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::input::Input;
use crate::cli::session::Session;
use crate::codec::decode;
use crate::record::{Name, Tenant};
use crate::server::{Tls, TlsError};

/// What stands in the file. The command line and the environment come before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct Config {
    /// The trail.
    trail: Option<String>,
    /// A file with the address of the trail, for one with a password in it.
    trail_file: Option<PathBuf>,
    /// Where a trail on PostgreSQL keeps its keys and heads.
    state: Option<PathBuf>,
    /// The witnesses and timestamp authorities.
    attesters: Option<PathBuf>,
    pub(in crate::cli) listen: Option<SocketAddr>,
    pub(in crate::cli) metrics_listen: Option<SocketAddr>,
    pub(in crate::cli) tenant: Option<Tenant>,
    pub(in crate::cli) environment: Option<Name>,
    pub(in crate::cli) tls: Option<TlsFiles>,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct TlsFiles {
    pub(in crate::cli) certificate: PathBuf,
    pub(in crate::cli) key: PathBuf,
}

impl Config {
    /// Reads the file `path`, or nothing.
    pub(in crate::cli) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let input = Input::open(path)?;
        let config: Self = decode(&input.document()?).map_err(|error| input.refused(&error))?;
        if config.trail.is_some() && config.trail_file.is_some() {
            return Err(Failure::usage(format!(
                "{}: trail and trail_file say the same",
                path.display()
            ))
            .try_next("leave one of them out"));
        }
        Ok(config)
    }

    /// `session` with what the file says and nobody else did.
    pub(in crate::cli) fn settle(&self, session: &Session) -> Result<Session, Failure> {
        let trail = match &self.trail_file {
            Some(path) => {
                let read = std::fs::read_to_string(path);
                let read = read.map_err(|error| Failure::file(Exit::Storage, path, &error))?;
                Some(read.trim().to_owned())
            }
            None => self.trail.clone(),
        };
        Ok(session
            .clone()
            .or_on(trail)
            .or_with_state(self.state.clone())
            .or_with_attesters(self.attesters.clone()))
    }
}

impl TlsFiles {
    pub(in crate::cli) fn load(&self) -> Result<Tls, Failure> {
        Ok(Tls::read(&self.certificate, &self.key)?)
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        let exit = match error {
            TlsError::File { .. } => Exit::Storage,
            _ => Exit::Usage,
        };
        Self::new(exit, error.to_string())
            .try_next("name a certificate with its chain, and its key, both in PEM")
    }
}
