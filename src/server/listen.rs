//! Connections: accepted within bounds, drained at the end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::app::{App, Door};
use super::tls::Tls;
use crate::record::Name;
use crate::trail::{Trail, TrailError};

/// How a trail is served.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// Where applications run that do not say so in their requests; `development` when left out.
    environment: Option<Name>,
    tls: Option<Tls>,
    metrics: Option<TcpListener>,
}

impl ServeOptions {
    /// With an environment for requests that name none.
    #[must_use]
    pub fn with_environment(mut self, environment: Option<Name>) -> Self {
        self.environment = environment;
        self
    }

    /// With a certificate: then nothing but TLS is answered.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }

    /// With a listener of its own for `/metrics`, `/healthz` and `/readyz`, in plain HTTP; the other one gives no
    /// metrics then.
    #[must_use]
    pub fn with_metrics(mut self, listener: Option<TcpListener>) -> Self {
        self.metrics = listener;
        self
    }
}

/// Why a trail cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others could reach it, and there is no token that would keep them out.
    #[error(
        "{0} can be reached from other machines, and without a token everybody could read and write: grant one with `contextrail token create`, or listen on 127.0.0.1"
    )]
    Exposed(SocketAddr),
    /// The trail cannot be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The listener failed.
    #[error("connections cannot be accepted")]
    Listener(#[from] io::Error),
}

/// Serves `trail` over HTTP on `listener` until `shutdown` is done. What is under way then is finished,
/// within 20 seconds. `docs/http.md` has the interface. Whoever calls this closes the trail.
///
/// # Errors
///
/// [`ServeError::Exposed`] unless there is a token or the address is of this machine alone.
pub async fn serve(
    listener: TcpListener,
    trail: Trail,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let ServeOptions {
        environment,
        tls,
        metrics,
    } = options;
    let app = Arc::new(App::new(trail, environment).await?);
    let tls = tls.map(Arc::new);
    let door = if metrics.is_some() {
        Door::WithoutMetrics
    } else {
        Door::Whole
    };
    let address = listener.local_addr()?;
    if app.gate.is_open() && !address.ip().is_loopback() {
        return Err(ServeError::Exposed(address));
    }
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut due = interval(FLUSH);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shutdown = std::pin::pin!(shutdown);
    let refreshing = AbortOnDrop(tokio::spawn(refresh(Arc::clone(&app), tls.clone())));
    let metering = metrics.map(|it| AbortOnDrop(tokio::spawn(meter(Arc::clone(&app), it))));
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => match accepted {
                Ok((stream, permit)) => {
                    let served = connection(Arc::clone(&app), door, tls.clone(), stream, graceful.watcher());
                    tokio::spawn(async move {
                        served.await;
                        drop(permit);
                    });
                }
                // why: running out of files passes when others close theirs.
                Err(error) => {
                    tracing::warn!(error = %error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            _ = due.tick() => app.flush().await,
        }
    }
    drop((listener, refreshing));
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections that did not end in time are closed");
    }
    app.flush().await;
    drop(metering);
    Ok(())
}

/// Looks for tokens that others on the same trail grant and revoke, and for a new certificate.
async fn refresh(app: Arc<App>, tls: Option<Arc<Tls>>) {
    let mut due = interval(REFRESH);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = app.gate.refresh(&app.trail).await {
            tracing::warn!(error = %error, "the tokens cannot be read again");
        }
        match tls.as_ref().map(|it| it.refresh()) {
            Some(Ok(true)) => tracing::info!("the certificate is a new one"),
            Some(Err(error)) => {
                tracing::error!(error = %error, "the certificate cannot be read again; the old one is served");
            }
            Some(Ok(false)) | None => {}
        }
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await;
    let permit = permit.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

/// Answers at the door of the metrics until it is dropped.
async fn meter(app: Arc<App>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(METERS));
    let graceful = GracefulShutdown::new();
    loop {
        match accept(&listener, &room).await {
            Ok((stream, permit)) => {
                let app = Arc::clone(&app);
                let served = connection(app, Door::Metrics, None, stream, graceful.watcher());
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection to its end. The watcher waits for it.
async fn connection(
    app: Arc<App>,
    door: Door,
    tls: Option<Arc<Tls>>,
    stream: TcpStream,
    watcher: Watcher,
) {
    app.metrics.connections.fetch_add(1, Ordering::Relaxed);
    match tls {
        None => answer(&app, door, stream, watcher).await,
        Some(tls) => match timeout(HEADERS, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => answer(&app, door, stream, watcher).await,
            Ok(Err(error)) => tracing::debug!(error = %error, "TLS was not agreed on"),
            Err(_) => tracing::debug!("TLS was not agreed on in time"),
        },
    }
    app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
}

async fn answer(
    app: &Arc<App>,
    door: Door,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    watcher: Watcher,
) {
    let service = service_fn(|request| {
        let app = Arc::clone(app);
        async move { Ok::<_, std::convert::Infallible>(app.answer(request, door).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(MOST_HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

const CONNECTIONS: usize = 1_024;
const METERS: usize = 16;
const MOST_HEADERS: usize = 64;
const BUFFER: usize = 64 << 10;
const HEADERS: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(20);
const FLUSH: Duration = Duration::from_secs(10);
/// How long a token may live here that was revoked elsewhere.
const REFRESH: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
