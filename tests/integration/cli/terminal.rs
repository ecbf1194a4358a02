//! What is said beside the data, and how.

use std::process::{Command, Stdio};

use super::Folder;

const COLOUR: char = '\u{1b}';

#[test]
fn no_colour_is_shown_to_those_who_want_none() {
    let folder = Folder::new();
    let forced = ("CLICOLOR_FORCE", "1");
    for arguments in [&["--help"][..], &["context", "list", "--bogus"]] {
        let coloured = folder.run_in(&[forced], arguments, b"");
        let said = format!("{}{}", coloured.text(), coloured.stderr);
        assert!(said.contains(COLOUR), "{said:?}");
        let plain = folder.run_in(&[forced, ("NO_COLOR", "1")], arguments, b"");
        let said = format!("{}{}", plain.text(), plain.stderr);
        assert!(!said.is_empty() && !said.contains(COLOUR), "{said:?}");
    }
}

#[test]
fn a_quiet_run_says_nothing_but_errors() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    for arguments in [
        &["context", "export", "--since", "1h"][..],
        &["context", "list"],
        &["verify"],
        &["demo", "--count", "1", "-o", "id"],
    ] {
        let ran = folder.run(&[arguments, &["--quiet"]].concat()).done();
        assert!(ran.stderr.is_empty() && !ran.stdout.is_empty(), "{ran:?}");
    }
    let loud = folder.run(&["context", "export", &id]).out();
    assert_eq!(folder.run(&["context", "export", &id, "-q"]).out(), loud);
    let missing = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
    folder
        .run(&["context", "show", missing, "--quiet"])
        .refused(3, missing);
}

/// Runs on a terminal of its own, which Python's standard library makes, and gives what is shown there.
fn on_a_terminal(folder: &Folder, arguments: &[&str]) -> String {
    let run = "import os, pty, sys; status = pty.spawn(sys.argv[1:]); sys.exit(os.waitstatus_to_exitcode(status))";
    let output = Command::new("python3")
        .args(["-c", run, env!("CARGO_BIN_EXE_contextrail")])
        .args(arguments)
        .current_dir(folder.path("."))
        .env_remove("CONTEXTRAIL_TRAIL")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn long_work_shows_how_far_it_is_on_a_terminal_alone() {
    let folder = Folder::new();
    folder.assemble("a", "text");
    for (arguments, shown) in [
        (&["verify"][..], "entries verified"),
        (&["copy", "--to", "sqlite://copy.db"], "entries copied"),
    ] {
        let said = on_a_terminal(&folder, arguments);
        assert!(said.contains(shown), "{said:?}");
    }
    let quiet = on_a_terminal(&folder, &["verify", "--quiet"]);
    assert!(!quiet.contains("entries verified"), "{quiet:?}");
    let piped = folder.run(&["verify"]).done();
    assert!(!piped.stderr.contains("entries verified"), "{piped:?}");
}
