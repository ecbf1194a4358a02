//! `contextrail doctor`: how the trail is, what is wrong and what to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::plain;
use super::session::Session;
use crate::record::{Tenant, TrailId};
use crate::trail::TrailError;

/// How a trail is.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    url: String,
    trail: TrailId,
    tenant: Tenant,
    engine: String,
    schema: i64,
    size: u64,
    bytes: u64,
    counts: BTreeMap<String, u64>,
    spool_bytes: u64,
    ok: bool,
    problems: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<String>,
    warnings: Vec<String>,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    report(session).await.map_err(|failure| {
        // Whoever asked the doctor has been there.
        failure.instead_of(
            "contextrail doctor",
            "put a backup in the place of the file, or import an export of it into a new trail",
        )
    })
}

async fn report(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let status = trail.status().await?;
    let frozen = trail.notary().standing().await;
    let frozen = frozen.map_err(TrailError::from)?.frozen;
    let path = file_of(&session.trail_url);
    let spool_bytes = path
        .as_deref()
        .map_or(0, |path| size_of(&beside(path, ".spool")));
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        url: session.shown_url(),
        trail: status.trail,
        tenant: trail.tenant().clone(),
        engine: status.engine,
        schema: status.schema,
        size: status.size,
        bytes: status.bytes,
        counts: status
            .counts
            .into_iter()
            .map(|(kind, count)| (kind.to_string(), count))
            .collect(),
        spool_bytes,
        ok: status.problems.is_empty() && frozen.is_none(),
        problems: status.problems,
        frozen: frozen.as_ref().map(ToString::to_string),
        warnings: {
            let mut warnings = warnings(path.as_deref(), spool_bytes);
            let elsewhere = trail.notary().head_place().await;
            warnings.extend(elsewhere.and_then(|it| it.away));
            warnings
        },
    };
    single(&mut Session::stdout(), &report, session.format())?;
    Ok(match report.frozen {
        _ if report.ok => Exit::Done,
        Some(_) if report.problems.is_empty() => Exit::Verification,
        _ => Exit::Storage,
    })
}

fn warnings(path: Option<&Path>, spool_bytes: u64) -> Vec<String> {
    let mut warnings = Vec::new();
    if spool_bytes > 0 {
        warnings.push(format!(
            "{spool_bytes} bytes of records wait in the spool: they are appended when the trail is next opened for writing"
        ));
    }
    if let Some(path) = path {
        warnings.extend(
            ["", "-wal", ".spool"]
                .iter()
                .filter_map(|end| readable(&beside(path, end))),
        );
    }
    warnings
}

/// Says when others than the owner can read a file.
#[cfg(unix)]
fn readable(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("{path} has mode {mode:o}, so that others can use it: chmod 600 {path}")
    })
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Option<String> {
    None
}

pub(super) fn file_of(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    (!path.starts_with(':')).then(|| path.into())
}

pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

impl Page for Report {
    fn id(&self) -> Option<String> {
        Some(self.trail.to_string())
    }

    fn page(&self) -> String {
        let counts = self.counts.iter();
        let counts: Vec<String> = counts
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let mut page = format!(
            "contextrail {}\n  trail    {} ({})\n  tenant   {}\n  engine   {}, schema {}\n  size     {} entries, {} bytes on disk\n  records  {}\n",
            self.version,
            plain::line(&self.url),
            self.trail,
            self.tenant,
            self.engine,
            self.schema,
            self.size,
            self.bytes,
            counts.join(", "),
        );
        for problem in &self.problems {
            page.push_str(&format!("  problem: {}\n", plain::line(problem)));
        }
        if let Some(frozen) = &self.frozen {
            page.push_str(&format!("  problem: {}\n", plain::line(frozen)));
        }
        for warning in &self.warnings {
            page.push_str(&format!("  warning: {}\n", plain::line(warning)));
        }
        if self.ok && self.warnings.is_empty() {
            page.push_str("  nothing is wrong\n");
        }
        page
    }
}
