//! What every verb needs: the trail, the output, the time.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::{Exit, Failure};
use super::output::OutputFormat;
use super::server::{ServerArguments, is_server};
use crate::notary::Attesters;
use crate::record::{Actor, ActorKind, Clock, Name, RecordId, SystemClock, Timestamp};
use crate::trail::{Trail, TrailError, TrailOptions, local_user};

/// The options that every verb has, and what follows from them.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) trail_url: String,
    pub(super) format: Option<OutputFormat>,
    pub(super) quiet: bool,
    attesters: Option<PathBuf>,
    server: ServerArguments,
    state: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

impl Session {
    pub(super) fn new(trail_url: String, format: Option<OutputFormat>, quiet: bool) -> Self {
        Self {
            trail_url,
            format,
            quiet,
            attesters: None,
            server: ServerArguments::default(),
            state: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes the witnesses and timestamp authorities out of this file, and not the one beside the
    /// trail.
    pub(super) fn with_attesters(mut self, path: Option<PathBuf>) -> Self {
        self.attesters = path;
        self
    }

    /// On this trail, unless one is named.
    pub(super) fn or_on(mut self, url: Option<String>) -> Self {
        if self.named_url().is_none()
            && let Some(url) = url
        {
            self.trail_url = url;
        }
        self
    }

    /// With this folder, unless one is named.
    pub(super) fn or_with_state(mut self, folder: Option<PathBuf>) -> Self {
        self.state = self.state.or(folder);
        self
    }

    /// With this file of witnesses and timestamp authorities, unless one is named.
    pub(super) fn or_with_attesters(mut self, path: Option<PathBuf>) -> Self {
        self.attesters = self.attesters.or(path);
        self
    }

    /// Says how a server is asked.
    pub(super) fn with_server(mut self, server: ServerArguments) -> Self {
        self.server = server;
        self
    }

    /// Whether the trail is behind a server.
    pub(super) fn is_server(&self) -> bool {
        is_server(&self.trail_url)
    }

    /// Keeps what a trail on a server keeps outside of the database in this folder.
    pub(super) fn with_state(mut self, folder: Option<PathBuf>) -> Self {
        self.state = folder;
        self
    }

    /// The address of the trail, unless it is the one that commands take by themselves. It is to be
    /// shown: a password is not in it.
    pub(super) fn named_url(&self) -> Option<String> {
        (self.trail_url != super::args::DEFAULT_TRAIL).then(|| self.shown_url())
    }

    /// The address of the trail without a password.
    pub(super) fn shown_url(&self) -> String {
        crate::trail::shown_url(&self.trail_url)
    }

    /// Opens the trail for reading: nothing is made or changed.
    pub(super) async fn reader(&self) -> Result<Trail, Failure> {
        Ok(self.options()?.open_for_reading(&self.trail_url).await?)
    }

    /// Refuses to make a trail for a verb that needs one.
    pub(super) fn must_exist(&self) -> Result<(), Failure> {
        self.server.check(&self.trail_url)?;
        Ok(crate::trail::check_exists(&self.trail_url)?)
    }

    /// Opens the trail for writing, and makes it when it is not there.
    pub(super) async fn writer(&self) -> Result<Trail, Failure> {
        Ok(self.options()?.open(&self.trail_url).await?)
    }

    pub(super) fn options(&self) -> Result<TrailOptions, Failure> {
        self.server.check(&self.trail_url)?;
        let options = TrailOptions::new()
            .clock(Arc::clone(&self.clock))
            .actor(Self::actor());
        let options = if self.is_server() {
            self.server.of(options)?
        } else {
            options
        };
        let options = match &self.state {
            Some(folder) => options.state(folder),
            None => options,
        };
        let options = match &self.attesters {
            Some(path) => options.attesters(attesters(path)?),
            None => options,
        };
        Ok(match self.environment()? {
            Some(environment) => options.environment(environment),
            None => options,
        })
    }

    /// Who runs this program: a person.
    pub(super) fn actor() -> Actor {
        Actor {
            kind: ActorKind::Human,
            ..local_user()
        }
    }

    /// Where applications run that do not say so themselves.
    pub(super) fn environment(&self) -> Result<Option<Name>, Failure> {
        let Some(value) = std::env::var_os(ENVIRONMENT) else {
            return Ok(None);
        };
        let name = value
            .into_string()
            .ok()
            .and_then(|text| Name::new(text).ok());
        match name {
            Some(name) => Ok(Some(name)),
            None => Err(Failure::usage(format!(
                "{ENVIRONMENT} is not a name: expected 1 to 512 bytes of UTF-8"
            ))),
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The format asked for; without one, by whether people are looking.
    pub(super) fn format(&self) -> OutputFormat {
        self.format.unwrap_or_else(OutputFormat::by_terminal)
    }

    /// Standard output.
    pub(super) fn stdout() -> BufWriter<Stdout> {
        BufWriter::new(io::stdout())
    }

    /// Shows that work is under way, when a terminal is there to show it on.
    pub(super) fn progress(&self, what: &'static str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

fn attesters(path: &Path) -> Result<Attesters, Failure> {
    let read = Attesters::read(path).map_err(TrailError::from)?;
    read.ok_or_else(|| Failure::file(Exit::Storage, path, &io::ErrorKind::NotFound.into()))
}

/// Says on standard error what may not go unsaid.
pub(super) fn warn(text: &str) {
    let text = super::plain::lines(text);
    // When standard error is gone there is nobody to tell.
    writeln!(io::stderr(), "{text}").ok();
}

/// The id of a record of any kind, from any unambiguous beginning of it.
pub(super) async fn resolve(trail: &Trail, prefix: &str) -> Result<RecordId, Failure> {
    Ok(trail.resolve(prefix).await?)
}

const ENVIRONMENT: &str = "CONTEXTRAIL_ENV";
