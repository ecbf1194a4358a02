//! `contextrail config check FILE`.

use serde::Serialize;

use super::Config;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single};
use crate::cli::plain;
use crate::cli::serve::Serving;
use crate::cli::session::Session;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The file, YAML or JSON; without it, what the environment says
    #[arg(value_name = "FILE", env = "CONTEXTRAIL_CONFIG")]
    file: Option<std::path::PathBuf>,
    #[command(flatten)]
    serving: crate::cli::serve::Options,
}

/// What a server would run with.
#[derive(Debug, Serialize)]
struct Checked {
    trail: String,
    tenant: String,
    listen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics_listen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    tls: bool,
    /// Tokens that were granted, whether or not they hold.
    tokens: usize,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let config = Config::read(args.file.as_deref())?;
    let session = config.settle(session)?;
    let serving = Serving::of(&session, args.serving.clone(), config)?;
    if let Some(tls) = &serving.tls {
        tls.load()?;
    }
    let options = session.options()?.tenant(serving.tenant.clone());
    let trail = options.open_for_reading(&session.trail_url).await?;
    let tokens = trail.tokens().await?.len();
    trail.close().await;
    serving.check_exposed(serving.listen, tokens == 0)?;
    let checked = Checked {
        trail: session.shown_url(),
        tenant: serving.tenant.to_string(),
        listen: serving.listen.to_string(),
        metrics_listen: serving.metrics_listen.map(|it| it.to_string()),
        environment: serving.environment.map(|it| it.to_string()),
        tls: serving.tls.is_some(),
        tokens,
    };
    single(&mut Session::stdout(), &checked, session.format())?;
    Ok(Exit::Done)
}

impl Page for Checked {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let metrics = self.metrics_listen.iter();
        let metrics: String = metrics
            .map(|it| format!("  metrics on http://{it}\n"))
            .collect();
        let environment = self.environment.iter();
        let environment: String = environment
            .map(|it| format!("  environment {}\n", plain::line(it)))
            .collect();
        format!(
            "{}, tenant {}, on {scheme}://{}\n{metrics}{environment}  {} tokens\n",
            plain::line(&self.trail),
            plain::line(&self.tenant),
            self.listen,
            self.tokens,
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail config check /etc/contextrail/server.yaml
  contextrail config check server.yaml -o json";
