//! The document of the interface: what it says runs as it stands there.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::crash::{Process, contextrail, json, settled};
use super::{Server, on_both};
use crate::home::Home;

const DOCUMENT: &str = include_str!("../../../docs/http.md");

/// The snippets in `language`, in their order.
fn snippets(language: &str) -> Vec<String> {
    snippets_of(DOCUMENT, language)
}

/// The same, of any document.
pub(super) fn snippets_of(document: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = document;
    let fence = format!("```{language}\n");
    while let Some((_, after)) = rest.split_once(&fence) {
        let (snippet, after) = after.split_once("\n```").expect("a fence ends");
        found.push(snippet.to_owned());
        rest = after;
    }
    found
}

/// A trail with tokens, whose server runs: what the snippets need, as variables.
fn begun(folder: &Path) -> (Process, Vec<(&'static str, String)>) {
    let token = |role: &str, more: &[&str]| {
        let create = [&["token", "create", "--role", role, "--for", role], more].concat();
        json(folder, &create)["token"].as_str().unwrap().to_owned()
    };
    let two = ["--approved-by", "anna,ben"];
    let mut variables = vec![
        ("INGEST", token("ingest", &[])),
        ("INVESTIGATOR", token("investigator", &two)),
        ("REVIEWER", token("reviewer", &two)),
    ];
    let process = Process::start(folder);
    variables.push(("CONTEXTRAIL", format!("http://{}", process.address)));
    (process, variables)
}

fn run(command: &mut Command, variables: &[(&str, String)]) -> String {
    let variables = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let output = command.envs(variables).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What every language's snippets end with: the outcomes on the application, and the text as sent.
fn check(folder: &Path, process: Process, printed: &str) {
    assert!(printed.contains("approved"), "{printed}");
    assert_eq!(process.terminate(), Some(0));
    let decisions = json(folder, &["decision", "show", "loan_application:12345"]);
    assert_eq!(decisions[0]["outcome"], "approved", "{decisions}");
    assert_eq!(
        decisions[0]["reviews"][0]["verdict"], "approve",
        "{decisions}"
    );
    assert_eq!(json(folder, &["verify"])["ok"], true);
    let looks = json(folder, &["access", "list", "--by", "investigator"]);
    assert!(!looks.as_array().unwrap().is_empty());
}

fn the_snippets_for_the_shell_do_the_main_job(home: Home) {
    let home = settled(home);
    let folder = home.folder();
    let (process, variables) = begun(folder);
    let script = format!("set -euo pipefail\n{}", snippets("sh main").join("\n"));
    let mut bash = Command::new("bash");
    let printed = run(bash.args(["-c", &script]).current_dir(folder), &variables);
    assert!(folder.join("evidence.zip").exists());
    check(folder, process, &printed);
    let verified = contextrail(folder)
        .args(["log", "key", "show"])
        .output()
        .unwrap();
    std::fs::write(folder.join("trail.pub"), verified.stdout).unwrap();
    let verify = ["evidence", "verify", "evidence.zip", "--key", "trail.pub"];
    assert_eq!(json(folder, &verify)["state"], "verified");
}

fn the_snippets_in_python_do_the_main_job(home: Home) {
    let home = settled(home);
    let folder = home.folder();
    let (process, variables) = begun(folder);
    let script = snippets("python").join("\n");
    let mut python = Command::new(crate::python::python());
    let printed = run(python.args(["-c", &script]).current_dir(folder), &variables);
    check(folder, process, &printed);
}

fn the_snippets_in_typescript_do_the_main_job(home: Home) {
    let home = settled(home);
    let folder = home.folder();
    let (process, variables) = begun(folder);
    // TypeScript that needs no types is JavaScript.
    std::fs::write(folder.join("main.mjs"), snippets("ts").join("\n")).unwrap();
    let mut node = Command::new("node");
    let printed = run(node.arg("main.mjs").current_dir(folder), &variables);
    check(folder, process, &printed);
}

#[test]
fn the_openapi_document_is_one_and_true_of_what_the_routes_give() {
    let server = Server::start();
    let document = server
        .send("", "GET /openapi.json", &[], b"")
        .is(200)
        .json();
    assert_eq!(document["openapi"], "3.1.0");
    let context = server.context("user_1", "a letter");
    let decision = server.decision(&context, "12345");
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_there =
                    path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap()));
                assert_eq!(parameter["in"] == "path", is_there, "{path}: {parameter}");
            }
            let is_open = operation.get("security").is_none();
            assert_eq!(is_open, !path.starts_with("/v1/"), "{path}");
            // What is registered and measured is walked with what governs.
            let governs = ["artifacts", "kpis", "lineage", "impact"];
            if method != "get"
                || governs
                    .iter()
                    .any(|it| path.starts_with(&format!("/v1/{it}/")) || path.ends_with(it))
                || path.contains("/{id}")
                    && !path.contains("contexts")
                    && !path.contains("decision")
                    && !path.contains("entities")
            {
                continue;
            }
            let full = path
                .replace("/v1/decisions/{id}", &format!("/v1/decisions/{decision}"))
                .replace("decision/{id}.zip", &format!("decision/{decision}.zip"))
                .replace("/contexts/{id}", &format!("/contexts/{context}"))
                .replace("{other}", &context)
                .replace("/{type}/{id}", "/applicant/user_1")
                .replace("{tile}", "0/000.p/1");
            let query = if full == "/v1/used" {
                "?ref=document:doc_456"
            } else {
                ""
            };
            let who = match path.as_str() {
                "/v1/tokens" => "admin",
                "/v1/holds" => "auditor",
                _ => "investigator",
            };
            let reply = server.get(who, &format!("{full}{query}")).is(200);
            let content = operation["responses"]["200"]["content"]
                .as_object()
                .unwrap();
            let (media, content) = content.iter().next().unwrap();
            let said = &reply.headers["content-type"];
            assert_eq!(said.split(';').next().unwrap(), media, "{path}");
            if media == "application/json" {
                fits(&document, &content["schema"], &reply.json(), path);
            }
            walked += 1;
        }
    }
    assert!(walked > 20, "{walked}");
    server.verified();
}

/// Whether `value` has what the schema says has to be there.
pub(super) fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if schema["type"] == "object" {
        let members = value
            .as_object()
            .unwrap_or_else(|| panic!("{place}: {value}"));
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(
                members.contains_key(name.as_str().unwrap()),
                "{place}: {name} in {value}"
            );
        }
        if schema["additionalProperties"] == false {
            let known = schema["properties"].as_object().unwrap();
            assert!(
                members.keys().all(|it| known.contains_key(it)),
                "{place}: {value}"
            );
        }
    }
}

on_both!([
    the_snippets_for_the_shell_do_the_main_job,
    the_snippets_in_python_do_the_main_job,
    the_snippets_in_typescript_do_the_main_job
]);
