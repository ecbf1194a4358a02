//! The program as its users run it.

mod archive;
mod bad_bundle;
mod bucket;
mod carried;
mod demo;
mod difference;
mod evidence;
mod exit_code;
mod export;
mod governance;
mod help;
mod hold;
mod hostile;
mod keys;
mod message;
mod moving;
mod postgres;
mod postgres_copy;
mod postgres_refused;
mod privacy;
mod proof;
mod read_only;
mod readme;
mod retention;
mod shape;
mod storage;
mod subject;
mod terminal;
mod witness;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder that the program is run in.
struct Folder(TempDir);

/// How one run ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        self.run_in(&[], arguments, input)
    }

    /// Runs with variables of the environment besides.
    fn run_in(&self, variables: &[(&str, &str)], arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contextrail"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("CONTEXTRAIL_TRAIL")
            .env_remove("CONTEXTRAIL_ENV")
            .env_remove("CONTEXTRAIL_ATTESTERS")
            .env_remove("CONTEXTRAIL_STATE")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that refuses its arguments never reads.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs what has to succeed, and gives its JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["-o", "json"]].concat();
        serde_json::from_slice(&self.run(&arguments).done().stdout).unwrap()
    }

    /// Records a context about `entity` and gives its id.
    fn assemble(&self, entity: &str, text: &str) -> String {
        self.write("request.json", request(entity, text).to_string());
        let ran = self.run(&["context", "assemble", "request.json", "-o", "id"]);
        ran.done().text().trim().to_owned()
    }

    /// Records a decision that `context` led to and gives its id.
    fn decide(&self, context: &str, outcome: &str) -> String {
        self.write("decision.json", decision(context, outcome).to_string());
        let ran = self.run(&["decision", "record", "decision.json", "-o", "id"]);
        ran.done().text().trim().to_owned()
    }
}

impl Ran {
    fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Asserts the exit code, an empty output and that the error names `what`.
    fn refused(&self, code: i32, what: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        assert!(self.stderr.contains(what), "{what:?} in {self:?}");
    }

    /// What a run that has to succeed printed.
    fn out(self) -> String {
        self.done().text().to_owned()
    }

    #[track_caller]
    fn code_is(&self, code: i32) {
        assert_eq!(self.code, code, "{self:?}");
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

fn request(entity: &str, text: &str) -> Value {
    json!({
        "schema": "contextrail.request/1",
        "name": "loan_decision",
        "entities": [{"type": "applicant", "id": entity}],
        "budget": {"limit": 2_000_000},
        "template": {"name": "loan_prompt", "version": "1.3.0", "text": "You assist {{who}}.",
                     "variables": {"who": "a loan officer"}},
        "features": [{"name": "credit_score", "entity": format!("applicant:{entity}"), "value": 720}],
        "retrievals": [{"retriever": "policy_docs", "class": "shared", "query": "eligibility",
            "results": [{"document": "doc_456", "chunk": "c1", "version": "7", "text": "Adults only."}]}],
        "items": [
            {"kind": "template", "role": "system", "priority": 0, "required": true},
            {"kind": "feature", "ref": "credit_score", "required": true},
            {"kind": "document", "ref": "doc_456#c1"},
            {"kind": "text", "text": text},
        ],
    })
}

fn decision(context: &str, outcome: &str) -> Value {
    json!({
        "subject": {"type": "loan_application", "id": "12345"},
        "contexts": [context],
        "outcome": outcome,
        "decided_by": {"kind": "system", "id": "loan-api"},
    })
}

fn members(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn trail_of(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}
