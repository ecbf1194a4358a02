//! The commands that the README shows do what it says of them.

use std::process::Command;

use super::Folder;

#[test]
fn the_commands_of_the_section_on_privacy_end_as_it_says() {
    let folder = Folder::new();
    folder.run(&["demo"]).done();
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("## Privacy\n").unwrap();
    let (_, script) = section.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("\n```").unwrap();
    let statements = statements(script);
    assert!(statements.len() > 20, "{statements:?}");
    for statement in statements {
        let (code, said) = run(&folder, &statement);
        assert_eq!(code, expected(&statement), "{statement}\n{said}");
    }
    // What the comments say besides.
    let held = folder.json(&["hold", "list"]);
    assert_eq!(held.as_array().unwrap().len(), 0);
    let newest = folder.json(&["context", "list", "--limit", "1"]);
    let id = newest[0]["id"].as_str().unwrap();
    let context = folder.json(&["context", "export", id]);
    let redacted = &context["capture"]["redactions"][0];
    assert_eq!(redacted["rule"], "amounts", "{context}");
    let archived = folder.json(&["archive", "status"]);
    assert!(archived["records"].as_u64().unwrap() > 0, "{archived}");
}

/// One for each line, here-documents included.
fn statements(script: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let mut statement = format!("{line}\n");
        if line.contains("<<'END'") {
            for line in lines.by_ref() {
                statement += &format!("{line}\n");
                if line == "END" {
                    break;
                }
            }
        }
        statements.push(statement);
    }
    statements
}

/// The exit code that the comment behind a command names.
fn expected(statement: &str) -> i32 {
    let named = statement.split_once("# exit code ");
    named.map_or(0, |(_, rest)| rest[..1].parse().unwrap())
}

fn run(folder: &Folder, statement: &str) -> (i32, String) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_contextrail"));
    let beside = program.parent().unwrap().display();
    let output = Command::new("sh")
        .args(["-c", &format!("PATH='{beside}':$PATH\n{statement}")])
        .current_dir(folder.path("."))
        .env_remove("CONTEXTRAIL_TRAIL")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().unwrap(), said)
}
