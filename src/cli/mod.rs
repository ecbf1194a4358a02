//! The `contextrail` command: parse, call the trail, print.

mod access;
mod archive;
mod args;
mod artifact;
mod backup;
mod check;
mod completions;
mod config;
mod context;
mod copy;
mod decision;
mod demo;
mod deploy;
mod doctor;
mod entity;
mod evidence;
mod exit;
mod freeze;
mod hold;
mod impact;
mod import;
mod input;
mod key;
mod kpi;
mod lineage;
mod log;
mod migrate;
mod outcome;
mod output;
mod person;
mod plain;
mod privacy;
mod rebuild;
mod restore;
mod retention;
mod review;
mod serve;
mod server;
mod session;
mod sink_file;
mod stop;
mod subject;
mod summary;
mod table_text;
mod token;
mod used;
mod verify;
mod when;
mod window;
mod written;

use std::process::ExitCode;

use clap::Parser as _;

pub use demo::{Demo, DemoOutput, DemoRun};

use args::{Arguments, Command};
use exit::{Exit, Failure};
use server::ServerArguments;
use session::Session;

/// Runs the command line of this process. Needs a tokio runtime.
///
/// `demo` is what the subcommand of that name runs: the example is part of the binary, and not of
/// the library.
pub async fn run(demo: Demo) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, everything else to standard error.
            error.print().ok();
            let code = u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
            return code.into();
        }
    };
    let server = ServerArguments {
        at_trail: arguments.command.at_trail(),
        token_file: arguments.token_file,
        purpose: arguments.purpose,
        roots: arguments.server_roots,
    };
    let session = Session::new(arguments.trail, arguments.output, arguments.quiet)
        .with_attesters(arguments.attesters)
        .with_server(server)
        .with_state(arguments.state);
    match dispatch(&session, arguments.command, demo).await {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let failure = failure.on_trail(session.named_url().as_deref());
            if failure.exit != Exit::Done {
                session::warn(failure.to_string().trim_end());
            }
            failure.exit.into()
        }
    }
}

async fn dispatch(session: &Session, command: Command, demo: Demo) -> Result<Exit, Failure> {
    let draws = matches!(
        command,
        Command::Kpi(_) | Command::Lineage(_) | Command::Impact(_)
    );
    let is_graph = matches!(command, Command::Lineage(_));
    match session.format {
        Some(format) if format.is_drawing() && !draws => return Err(output::no_drawing()),
        Some(format) if format.is_graph() && !is_graph => return Err(output::no_drawing()),
        _ => {}
    }
    match command {
        Command::Demo(args) => demo::run(session, &args, demo).await,
        Command::Context(verb) => context::run(session, verb).await,
        Command::Decision(verb) => decision::run(session, verb).await,
        Command::Review(verb) => review::run(session, verb).await,
        Command::Outcome(verb) => outcome::run(session, verb).await,
        Command::Entity(verb) => entity::run(session, verb).await,
        Command::Subject(verb) => subject::run(session, verb).await,
        Command::Used(args) => used::run(session, args).await,
        Command::Hold(verb) => hold::run(session, verb).await,
        Command::Retention(verb) => retention::run(session, verb).await,
        Command::Archive(verb) => archive::run(session, verb).await,
        Command::Artifact(verb) => artifact::run(session, verb).await,
        Command::Deploy(verb) => deploy::run(session, verb).await,
        Command::Kpi(verb) => kpi::run(session, verb).await,
        Command::Check(verb) => check::run(session, verb).await,
        Command::Freeze(verb) => freeze::run(session, verb).await,
        Command::Lineage(verb) => lineage::run(session, verb).await,
        Command::Impact(args) => impact::run(session, args).await,
        Command::Import(args) => import::run(session, &args).await,
        Command::Evidence(verb) => evidence::run(session, verb).await,
        Command::Log(verb) => log::run(session, verb).await,
        Command::Key(verb) => key::run(session, verb).await,
        Command::Privacy(verb) => privacy::run(session, verb).await,
        Command::Serve(args) => serve::run(session, args).await,
        Command::Token(verb) => token::run(session, verb).await,
        Command::Access(verb) => access::run(session, verb).await,
        Command::Verify(args) => verify::run(session, &args).await,
        Command::Copy(args) => copy::run(session, args).await,
        Command::Backup(args) => backup::run(session, args).await,
        Command::Restore(args) => restore::run(session, args).await,
        Command::Rebuild => rebuild::run(session).await,
        Command::Migrate => migrate::run(session).await,
        Command::Doctor => doctor::run(session).await,
        Command::Config(verb) => config::run(session, verb).await,
        Command::Completions(args) => completions::run(&args),
    }
}
