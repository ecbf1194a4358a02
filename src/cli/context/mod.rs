//! `contextrail context …`

mod assemble;
mod diff;
mod export;
mod list;
mod sections;
mod show;
mod text;
mod what_if;

use clap::Subcommand;

pub(super) use export::{export_format, one};

use super::exit::{Exit, Failure};
use super::session::{Session, resolve};
use crate::record::Kind;
use crate::trail::{Stored, Trail};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Assemble what a request asks for, and record it
    Assemble(assemble::Args),
    /// Find contexts, newest first
    List(Box<list::Args>),
    /// Show what was in, what was cut or dropped, and why
    Show(show::Args),
    /// Print the text as it was sent, and nothing else
    Text(text::Args),
    /// Export contexts with their texts
    Export(export::Args),
    /// Compare two contexts by meaning
    Diff(diff::Args),
    /// Say what another budget would have kept
    WhatIf(what_if::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Assemble(args) => assemble::run(session, &args).await,
        Verb::List(args) => list::run(session, *args).await,
        Verb::Show(args) => show::run(session, &args).await,
        Verb::Text(args) => text::run(session, &args).await,
        Verb::Export(args) => export::run(session, args).await,
        Verb::Diff(args) => diff::run(session, &args).await,
        Verb::WhatIf(args) => what_if::run(session, &args).await,
    }
}

/// The context whose id begins with `prefix`.
async fn context(trail: &Trail, prefix: &str) -> Result<Stored, Failure> {
    let id = resolve(trail, prefix).await?;
    Ok(trail.read_kind(id, Kind::Context).await?)
}
