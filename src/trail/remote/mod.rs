//! A trail behind a server: the same calls, over HTTP.

mod connection;
mod error;
mod looking;
mod outgoing;
mod queue;
mod state;
mod store;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

pub use error::RemoteError;

use super::{Evidence, Trail, TrailError, TrailOptions};
use crate::record::{Actor, ActorKind, Body, Draft, Receipt, ReviewVerdict, Tenant};
use crate::seal::Source;
use connection::Connection;
use outgoing::Outgoing;
use queue::Queue;
use store::Elsewhere;
use waiting::Waiting;

/// How a server is asked.
#[derive(Clone, Debug)]
pub(super) struct ServerOptions {
    /// Who asks.
    pub(super) token: Option<Token>,
    /// What for.
    pub(super) purpose: Option<String>,
    /// Certificates of authorities to trust besides the system's, in PEM.
    pub(super) roots: Vec<u8>,
    /// How long to try before a server counts as away.
    pub(super) patience: Duration,
    /// Where records wait while it is away.
    pub(super) spool: Option<PathBuf>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            token: None,
            purpose: None,
            roots: Vec::new(),
            patience: Duration::from_secs(10),
            spool: None,
        }
    }
}

/// A token, which is not shown.
#[derive(Clone)]
pub(super) struct Token(pub(super) zeroize::Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The other end of a trail that is behind a server.
pub(super) struct Remote {
    connection: Arc<Connection>,
    queue: Queue,
    evidence: Evidence,
}

/// Whether `url` is the address of a server.
#[cfg(feature = "sqlite")]
pub(super) fn is_server(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|it| it.eq_ignore_ascii_case("https") || it.eq_ignore_ascii_case("http"))
}

/// The address of a server without what may be a secret: a user, a password, a query.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let rest = &rest[..end];
    let host = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

impl Remote {
    /// Makes ready to ask the server at `url`. It need not be there yet.
    pub(super) fn open(url: &str, options: &TrailOptions) -> Result<Self, RemoteError> {
        let connection = Arc::new(Connection::new(url, &options.server)?);
        let runtime = Handle::try_current().map_err(|_| RemoteError::Options {
            what: "a client needs a tokio runtime".to_owned(),
        })?;
        let waiting = match options.evidence {
            Evidence::Required => None,
            Evidence::BestEffort => {
                let path = options.server.spool.clone();
                let path = path.unwrap_or_else(|| connection.spool_path());
                Some(Waiting::open(&path, options.spool_bytes)?)
            }
        };
        let queue = Queue::start(Arc::clone(&connection), waiting, &runtime);
        Ok(Self {
            connection,
            queue,
            evidence: options.evidence,
        })
    }

    pub(super) fn store(&self) -> Arc<dyn crate::store::Store> {
        Arc::new(Elsewhere {
            url: self.connection.url().to_owned(),
        })
    }

    /// Sends `draft` to be recorded.
    pub(super) async fn record(
        &self,
        trail: &Trail,
        draft: Draft,
        source: &Source,
    ) -> Result<Receipt, TrailError> {
        let outgoing = Outgoing::of(trail, draft, source)?;
        self.send(outgoing, trail.tenant()).await
    }

    /// Sends a review; the server knows what was decided before, and records the decision that takes
    /// the place of one overridden.
    pub(super) async fn review(&self, trail: &Trail, draft: Draft) -> Result<Receipt, TrailError> {
        let is_override = matches!(
            &draft.body,
            Body::Review(review) if review.verdict == ReviewVerdict::Override
        );
        let mut outgoing = Outgoing::of(trail, draft, &Source::New)?;
        if let Some(members) = outgoing.document.as_object_mut() {
            members.remove("original_outcome");
            if is_override {
                members.remove("id");
                outgoing.key = Some(outgoing.id.to_string());
            }
        }
        self.send(outgoing, trail.tenant()).await
    }

    async fn send(&self, outgoing: Outgoing, tenant: &Tenant) -> Result<Receipt, TrailError> {
        let (id, kind) = (outgoing.id, outgoing.kind);
        let sent = match self.evidence {
            Evidence::Required => self.queue.send(outgoing).await,
            Evidence::BestEffort => self.queue.hand_over(outgoing, tenant),
        };
        sent.map_err(|error| error.about(id, kind))
    }

    /// Sends what waits, and ends.
    pub(super) async fn close(&self) {
        self.queue.close().await;
    }
}

impl RemoteError {
    /// As an error of the trail: some are the same wherever the trail is.
    fn about(self, id: crate::record::RecordId, _: crate::record::Kind) -> TrailError {
        match self {
            Self::Refused {
                status: 409,
                ref code,
                ..
            } if code == "conflict" => TrailError::Conflict(id),
            error => error.into(),
        }
    }
}

/// Who seals what is sent: a program. The server puts the holder of the token in its place.
fn sender(actor: &Actor) -> Actor {
    Actor {
        kind: ActorKind::Service,
        ..actor.clone()
    }
}
