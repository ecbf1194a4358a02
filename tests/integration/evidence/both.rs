//! The two verifiers side by side: the library, and `docs/verify/verify.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use contextrail::evidence::{KnownHead, PAGES, Verifier};
use contextrail::log::VerifierKey;
use contextrail::timestamp::TrustAnchors;
use serde_json::Value;

/// What a verifier said: its verdict, and the files it found something wrong with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) state: String,
    pub(super) files: BTreeSet<String>,
    /// What timestamps prove.
    pub(super) timestamps: Vec<Value>,
}

impl Verdict {
    fn of(report: &Value) -> Self {
        let findings = report["findings"].as_array().unwrap();
        let files = findings.iter().map(|it| it["file"].as_str().unwrap());
        Self {
            state: report["state"].as_str().unwrap().to_owned(),
            files: files.map(str::to_owned).collect(),
            timestamps: match &report["timestamps"] {
                Value::Array(timestamps) => timestamps.clone(),
                _ => Vec::new(),
            },
        }
    }

    /// The verdict of the library.
    pub(super) fn of_library(verifier: &Verifier, bundle: &[u8]) -> Self {
        match verifier.verify(bundle) {
            Ok(report) => Self::of(&serde_json::to_value(report).unwrap()),
            Err(_) => Self {
                state: "not_a_bundle".to_owned(),
                files: BTreeSet::new(),
                timestamps: Vec::new(),
            },
        }
    }
}

/// Verdicts of both verifiers on the same bundles, which have to agree.
#[derive(Default)]
pub(super) struct Both {
    keys: Vec<VerifierKey>,
    head: Option<KnownHead>,
    roots_pem: Option<String>,
    bundles: Vec<(String, Vec<u8>)>,
}

impl Both {
    pub(super) fn new(keys: Vec<VerifierKey>) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }

    pub(super) fn with_head(mut self, head: KnownHead) -> Self {
        self.head = Some(head);
        self
    }

    /// Trusts timestamp authorities behind these roots.
    pub(super) fn with_roots(mut self, pem: &str) -> Self {
        self.roots_pem = Some(pem.to_owned());
        self
    }

    pub(super) fn add(&mut self, name: impl Into<String>, bundle: Vec<u8>) {
        self.bundles.push((name.into(), bundle));
    }

    /// The reports of both verifiers on each bundle, the library's first.
    pub(super) fn reports(self) -> Vec<[Value; 2]> {
        let verifier = self.library();
        let (_, of_script) = self.run_script();
        let of_library = self.bundles.iter().map(|(_, bundle)| {
            let report = verifier.verify(bundle).unwrap();
            serde_json::to_value(report).unwrap()
        });
        of_library.zip(of_script).map(<[Value; 2]>::from).collect()
    }

    fn library(&self) -> Verifier {
        let mut verifier = Verifier::new(self.keys.clone()).with_pages(PAGES);
        if let Some(head) = self.head.clone() {
            verifier = verifier.with_head(head);
        }
        if let Some(pem) = &self.roots_pem {
            verifier = verifier.with_authorities(TrustAnchors::from_pem(pem).unwrap());
        }
        verifier
    }

    /// Judges all bundles. Panics where the verifiers disagree.
    ///
    /// The script does not derive the pages for people: of a bundle that has them it says that the
    /// records are verified, where the library says that all is.
    pub(super) fn judge(self) -> Vec<(String, Verdict)> {
        let verifier = self.library();
        let (code, of_script) = self.run_script();
        let mut worst = 0;
        let mut verdicts = Vec::new();
        for ((name, bundle), script) in self.bundles.iter().zip(of_script) {
            let library = Verdict::of_library(&verifier, bundle);
            let mut of_script = Verdict::of(&script);
            if of_script.state == "records_verified" && library.state == "verified" {
                of_script.state.clone_from(&library.state);
            }
            assert_eq!(
                library,
                of_script,
                "{name}: {script:#}\n{:#?}",
                verifier.verify(bundle)
            );
            worst = match library.state.as_str() {
                "failed" => 4,
                "not_a_bundle" if worst == 0 => 2,
                _ => worst,
            };
            verdicts.push((name.clone(), library));
        }
        assert_eq!(verdicts.len(), self.bundles.len());
        assert_eq!(code, worst);
        verdicts
    }

    fn run_script(&self) -> (i32, Vec<Value>) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let keys: String = self.keys.iter().map(|key| format!("{key}\n")).collect();
        let mut command = Command::new(crate::python::python());
        command.arg("docs/verify/verify.py").args(["-o", "json"]);
        command.arg("--key").arg(write("keys.txt", keys.as_bytes()));
        if let Some(head) = &self.head {
            let note = head.checkpoint.to_string();
            command.arg("--head").arg(write("head", note.as_bytes()));
            if let Some(path) = &head.consistency {
                let lines = path
                    .iter()
                    .map(|hash| format!("{}\n", super::tamper::base64(hash)));
                let lines: String = lines.collect();
                command
                    .arg("--consistency")
                    .arg(write("consistency", lines.as_bytes()));
            }
        }
        if let Some(pem) = &self.roots_pem {
            command
                .arg("--tsa-root")
                .arg(write("roots.pem", pem.as_bytes()));
        }
        for (at, (_, bundle)) in self.bundles.iter().enumerate() {
            command.arg(write(&format!("{at}.zip"), bundle));
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let reports: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(reports.len(), self.bundles.len(), "{errors}");
        (output.status.code().unwrap(), reports)
    }
}
