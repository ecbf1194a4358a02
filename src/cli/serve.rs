//! `contextrail serve`: the trail over HTTP.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::exit::{Exit, Failure};
use super::session::{Session, warn};
use super::stop::asked_to_stop;
use crate::record::{Actor, ActorKind, Tenant};
use crate::server::{ServeError, ServeOptions, serve};
use crate::trail::{Trail, local_user};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Whose log to serve
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: Tenant,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    // Lines of JSON on standard error; without what others' crates say in detail.
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(io::stderr)
        .try_init()
        .ok();
    let options = session.options()?.tenant(args.tenant);
    // Whoever asks is a person or a program of their own: the process itself is a program.
    let options = options.actor(Actor {
        kind: ActorKind::Service,
        ..local_user()
    });
    let url = session.trail_url.clone();
    let environment = session.environment()?;
    // Commands run on one thread. A server takes what there is.
    let runtime = tokio::runtime::Runtime::new()?;
    let served = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let trail = options.open(&url).await?;
            let served = listen(&trail, args.listen, environment).await;
            trail.close().await;
            served
        })
    });
    let served = served.await;
    served.map_err(|error| Failure::new(Exit::Unexpected, error.to_string()))?
}

async fn listen(
    trail: &Trail,
    address: SocketAddr,
    environment: Option<crate::record::Name>,
) -> Result<Exit, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(Exit::Storage, format!("{address} cannot be listened on"))
            .because(error.to_string())
    })?;
    let is_open = trail.tokens().await?.is_empty();
    if is_open && !listener.local_addr()?.ip().is_loopback() {
        return Err(ServeError::Exposed(listener.local_addr()?).into());
    }
    let mut out = Session::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    if is_open {
        warn(
            "there is no token: everybody on this machine may do what one person may; grant one with `contextrail token create`",
        );
    }
    let options = ServeOptions::default().with_environment(environment);
    serve(listener, trail.clone(), options, asked_to_stop()).await?;
    Ok(Exit::Done)
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Trail(error) => error.into(),
            ServeError::Exposed(_) => Self::new(Exit::Refused, error.to_string())
                .try_next("contextrail token create --help"),
            ServeError::Listener(source) => {
                Self::new(Exit::Storage, "connections cannot be accepted")
                    .because(source.to_string())
            }
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail serve --listen 127.0.0.1:8080
  contextrail --trail sqlite:///var/lib/contextrail/loans.db serve --listen 0.0.0.0:8080";
