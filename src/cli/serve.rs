//! `contextrail serve`: the trail over HTTP.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;

use super::config::{Config, TlsFiles};
use super::exit::{Exit, Failure};
use super::session::{Session, warn};
use super::stop::asked_to_stop;
use crate::record::{Actor, ActorKind, Name, Tenant};
use crate::server::{ServeError, ServeOptions, serve};
use crate::trail::{Trail, local_user};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The file with what is not said here or in the environment, YAML or JSON
    #[arg(long, value_name = "FILE", env = "CONTEXTRAIL_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// What comes before the file.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "CONTEXTRAIL_LISTEN")]
    listen: Option<SocketAddr>,
    /// Where to listen for who reads metrics, in plain HTTP; they are given there alone then
    #[arg(long, value_name = "ADDR", env = "CONTEXTRAIL_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
    /// Whose log to serve; `default` when nobody says
    #[arg(long, value_name = "T", env = "CONTEXTRAIL_TENANT")]
    tenant: Option<Tenant>,
    /// The certificate to serve TLS with, and those between it and its root, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "CONTEXTRAIL_TLS_CERTIFICATE",
        requires = "tls_key"
    )]
    tls_certificate: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "CONTEXTRAIL_TLS_KEY",
        requires = "tls_certificate"
    )]
    tls_key: Option<PathBuf>,
}

/// How a trail is served: what the command line says, else the environment, else the file.
pub(super) struct Serving {
    pub(super) listen: SocketAddr,
    pub(super) metrics_listen: Option<SocketAddr>,
    pub(super) tenant: Tenant,
    pub(super) environment: Option<Name>,
    pub(super) tls: Option<TlsFiles>,
}

impl Serving {
    pub(super) fn of(session: &Session, options: Options, config: Config) -> Result<Self, Failure> {
        let tls = match (options.tls_certificate, options.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            _ => config.tls,
        };
        let listen = options.listen.or(config.listen).ok_or_else(|| {
            Failure::usage("where to listen is not said").try_next(
                "--listen 127.0.0.1:8080, CONTEXTRAIL_LISTEN, or `listen` in the configuration file",
            )
        })?;
        Ok(Self {
            listen,
            metrics_listen: options.metrics_listen.or(config.metrics_listen),
            tenant: options.tenant.or(config.tenant).unwrap_or_default(),
            environment: session.environment()?.or(config.environment),
            tls,
        })
    }

    /// Refuses what others can reach, and nobody has a token for.
    pub(super) fn check_exposed(&self, address: SocketAddr, is_open: bool) -> Result<(), Failure> {
        if is_open && !address.ip().is_loopback() {
            return Err(ServeError::Exposed(address).into());
        }
        Ok(())
    }
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    // Lines of JSON on standard error; without what others' crates say in detail.
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(io::stderr)
        .try_init()
        .ok();
    let config = Config::read(args.config.as_deref())?;
    let session = config.settle(session)?;
    let serving = Serving::of(&session, args.options, config)?;
    let options = session.options()?.tenant(serving.tenant.clone());
    // Whoever asks is a person or a program of their own: the process itself is a program.
    let options = options.actor(Actor {
        kind: ActorKind::Service,
        ..local_user()
    });
    // Commands run on one thread. A server takes what there is.
    let runtime = tokio::runtime::Runtime::new()?;
    let served = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let trail = options.open(&session.trail_url).await?;
            let served = listen(&trail, serving).await;
            trail.close().await;
            served
        })
    });
    let served = served.await;
    served.map_err(|error| Failure::new(Exit::Unexpected, error.to_string()))?
}

async fn listen(trail: &Trail, serving: Serving) -> Result<Exit, Failure> {
    let tls = serving.tls.as_ref().map(TlsFiles::load).transpose()?;
    let listener = bound(serving.listen).await?;
    let metrics = match serving.metrics_listen {
        Some(address) => Some(bound(address).await?),
        None => None,
    };
    let address = listener.local_addr()?;
    let is_open = trail.tokens().await?.is_empty();
    serving.check_exposed(address, is_open)?;
    let mut out = Session::stdout();
    let scheme = if tls.is_some() { "https" } else { "http" };
    writeln!(out, "listening on {scheme}://{address}")?;
    if let Some(metrics) = &metrics {
        writeln!(out, "metrics on http://{}", metrics.local_addr()?)?;
    }
    out.flush()?;
    drop(out);
    if is_open {
        warn(
            "there is no token: everybody on this machine may do what one person may; grant one with `contextrail token create`",
        );
    }
    let options = ServeOptions::default()
        .with_environment(serving.environment)
        .with_tls(tls)
        .with_metrics(metrics);
    serve(listener, trail.clone(), options, asked_to_stop()).await?;
    Ok(Exit::Done)
}

async fn bound(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(Exit::Storage, format!("{address} cannot be listened on"))
            .because(error.to_string())
    })
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
  contextrail serve --config /etc/contextrail/server.yaml
  contextrail --trail sqlite:///var/lib/contextrail/loans.db serve --listen 0.0.0.0:8443 \\
    --tls-certificate server.pem --tls-key server.key";
