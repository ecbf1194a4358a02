//! A trail that is behind a server: who asks it, and what goes through it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::exit::{Exit, Failure};
use crate::trail::TrailOptions;

/// How a server is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerArguments {
    /// The name of the command, when it works on the trail itself.
    pub(super) at_trail: Option<&'static str>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) purpose: Option<String>,
    pub(super) roots: Option<PathBuf>,
}

/// Whether the trail at `url` is behind a server.
pub(super) fn is_server(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

impl ServerArguments {
    /// Refuses a command that works on the trail itself when the trail is behind a server.
    pub(super) fn check(&self, url: &str) -> Result<(), Failure> {
        match self.at_trail {
            Some(name) if is_server(url) => Err(Failure::usage(format!(
                "`contextrail {name}` works on the trail itself, and {} is a server",
                super::plain::line(&crate::trail::shown_url(url))
            ))
            .because("through a server go context, decision, review, outcome, entity, used and evidence pack decision")
            .try_next(format!("contextrail --trail sqlite://PATH {name} … where the trail is"))),
            _ => Ok(()),
        }
    }

    /// Adds who asks, what for, and whom to trust.
    pub(super) fn of(&self, mut options: TrailOptions) -> Result<TrailOptions, Failure> {
        if let Some(token) = self.token()? {
            options = options.server_token(token.trim());
        }
        if let Some(purpose) = &self.purpose {
            options = options.server_purpose(purpose);
        }
        if let Some(path) = &self.roots {
            options = options.server_roots(std::fs::read(path).map_err(|it| unusable(path, &it))?);
        }
        Ok(options)
    }

    fn token(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = &self.token_file {
            let read = std::fs::read_to_string(path).map_err(|it| unusable(path, &it))?;
            return Ok(Some(Zeroizing::new(read)));
        }
        let token = std::env::var_os(TOKEN).map(std::ffi::OsString::into_string);
        let token = token.transpose();
        token
            .map(|token| token.map(Zeroizing::new))
            .map_err(|_| Failure::usage(format!("{TOKEN} is no token")))
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(Exit::Storage, path, error)
}

const TOKEN: &str = "CONTEXTRAIL_TOKEN";
