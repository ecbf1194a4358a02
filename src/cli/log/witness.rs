//! `contextrail log witness`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::super::exit::{Exit, Failure};
use super::super::session::Session;
use super::super::stop::asked_to_stop;
use crate::log::{KeyName, VerifierKey};
use crate::notary::Witness;
use crate::record::SystemClock;
use crate::server::serve_witness;
use crate::trail::TrailError;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The folder with its key, and with the newest head of each log; made when it is not there
    #[arg(long, value_name = "D")]
    dir: PathBuf,
    /// Keys of logs to watch, besides those in D/logs.keys: what `log key show` prints
    #[arg(long, value_name = "FILE")]
    log_key: Vec<PathBuf>,
    /// The name of the witness, for a key that is made now
    #[arg(long, value_name = "NAME", default_value = "contextrail-witness")]
    name: String,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let name: KeyName = args
        .name
        .parse()
        .map_err(|error: crate::log::KeyError| Failure::usage(error.to_string()))?;
    let mut keys = Vec::new();
    for path in &args.log_key {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::file(Exit::Storage, path, &error))?;
        let read = VerifierKey::parse_list(&text);
        keys.extend(read.map_err(|error| {
            Failure::usage(format!("{}: {error}", path.display())).because(error.source.to_string())
        })?);
    }
    let witness =
        Witness::open(&args.dir, &name, keys, Arc::new(SystemClock)).map_err(TrailError::from)?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(
            Exit::Storage,
            format!("{} cannot be listened on", args.listen),
        )
        .because(error.to_string())
    })?;
    let mut out = Session::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    writeln!(out, "{}", witness.verifier_key())?;
    out.flush()?;
    drop(out);
    serve_witness(listener, Arc::new(witness), asked_to_stop()).await?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail log key show > loans.pub
  contextrail log witness --listen 127.0.0.1:7070 --dir witness --log-key loans.pub";
