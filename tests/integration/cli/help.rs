//! What the program says of itself.

use std::process::{Command, Stdio};

use super::Folder;

#[test]
fn the_help_names_every_verb() {
    let ran = Folder::new().run(&["--help"]).done();
    insta::assert_snapshot!(ran.text());
}

#[test]
fn every_verb_has_examples() {
    let folder = Folder::new();
    for verb in [
        "demo",
        "context assemble",
        "context list",
        "context show",
        "context text",
        "context export",
        "context diff",
        "context what-if",
        "decision record",
        "decision list",
        "decision show",
        "decision export",
        "review add",
        "outcome add",
        "entity show",
        "hold place",
        "hold list",
        "hold release",
        "retention plan",
        "retention policy show",
        "retention policy put",
        "used",
        "import",
        "serve",
        "config check",
        "token create",
        "token list",
        "token revoke",
        "access list",
        "key status",
        "key rotate",
        "key destroy",
        "artifact register",
        "artifact list",
        "artifact show",
        "artifact approve",
        "artifact retire",
        "artifact diff",
        "artifact in-force",
        "deploy record",
        "deploy list",
        "deploy at",
        "kpi log",
        "kpi report",
        "kpi compare",
        "check objective",
        "check model",
        "check trail",
        "freeze place",
        "freeze list",
        "freeze lift",
        "lineage show",
        "impact",
        "impact change",
        "copy",
        "backup",
        "restore",
        "doctor",
        "completions",
    ] {
        let arguments: Vec<&str> = verb.split(' ').chain(["--help"]).collect();
        let ran = folder.run(&arguments).done();
        assert!(
            ran.text().contains("Examples:\n  contextrail")
                || ran.text().contains("Examples:\n  echo"),
            "{verb}"
        );
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            folder
                .run(&["completions", shell])
                .done()
                .text()
                .contains("what-if")
        );
    }
    folder.run(&["completions", "cobol"]).refused(2, "cobol");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    for _ in 0..3 {
        folder.assemble("a", &"text ".repeat(20_000));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_contextrail"))
        .args(["context", "export", "--since", "1h"])
        .current_dir(folder.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty());
    assert!(output.status.success());
}
