//! A witness over HTTP (C2SP `tlog-witness`).

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::notary::{NotaryError, Witness, WitnessAnswer};

/// Serves `witness` on `listener` until `shutdown` is done; what is under way then is finished.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve_witness(
    listener: TcpListener,
    witness: Arc<Witness>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(who))
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(witness);
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn who(State(witness): State<Arc<Witness>>) -> String {
    let logs: String = witness
        .logs()
        .map(|origin| format!("watches {origin}\n"))
        .collect();
    format!("{}\n{logs}", witness.verifier_key())
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let decided = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    match decided {
        Ok(Ok(answer)) => answered(answer),
        Ok(Err(error)) => failed(&error),
        Err(error) => {
            tracing::error!(error = %error, "a request to the witness stopped early");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn answered(answer: WitnessAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media = if answer.is_size {
        "text/x.tlog.size"
    } else {
        "text/plain; charset=utf-8"
    };
    (status, [(header::CONTENT_TYPE, media)], answer.body).into_response()
}

/// What went wrong stays here: the caller cannot do anything about it.
fn failed(error: &NotaryError) -> Response {
    tracing::error!(error = %error, "the witness cannot answer");
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "the witness cannot answer\n",
    )
        .into_response()
}

/// The largest request of the specification is far smaller.
const MOST_BYTES: usize = 1 << 20;
