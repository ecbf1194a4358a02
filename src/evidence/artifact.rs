//! The versioned things that records used: templates, models, features, documents and the like.

use std::collections::BTreeSet;

use super::shown::ShownRecord;
use crate::record::{Kind, UsedKind};

/// Something a record used, by name and version.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Artifact {
    /// `template`, `model`, or the part it had in governing a decision.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// What `record` used, as far as it is shown.
pub(super) fn artifacts(record: &ShownRecord<'_>) -> BTreeSet<Artifact> {
    let mut found = Found {
        record,
        artifacts: BTreeSet::new(),
    };
    match record.view.kind {
        Kind::Context => found.of_context(),
        Kind::Generation => {
            found.model();
            found.guardrails();
        }
        Kind::Decision => found.of_decision(),
        Kind::Review => found.by_text("policy", "/policy"),
        Kind::Outcome
        | Kind::Import
        | Kind::Key
        | Kind::Succession
        | Kind::Erasure
        | Kind::Hold
        | Kind::Release
        | Kind::Policy
        | Kind::Retention
        | Kind::Archive
        | Kind::Token
        | Kind::Access
        | Kind::Artifact
        | Kind::Approval
        | Kind::Retirement
        | Kind::Deployment
        | Kind::Kpi
        | Kind::Check
        | Kind::Freeze
        | Kind::Unfreeze => {}
    }
    found.artifacts
}

struct Found<'r, 'v> {
    record: &'r ShownRecord<'v>,
    artifacts: BTreeSet<Artifact>,
}

impl Found<'_, '_> {
    fn of_context(&mut self) {
        self.versioned(UsedKind::Template, "/template");
        self.model();
        self.guardrails();
        for feature in self.record.elements("/features") {
            self.versioned(UsedKind::Feature, &feature);
        }
        for retrieval in self.record.elements("/retrievals") {
            self.versioned(UsedKind::Index, &format!("{retrieval}/index"));
            for result in self.record.elements(&format!("{retrieval}/results")) {
                self.document(&result);
            }
        }
    }

    fn of_decision(&mut self) {
        for (part, _) in self.record.members("/governed_by") {
            let step = part.replace('~', "~0").replace('/', "~1");
            let pointer = format!("/governed_by/{step}");
            self.by_text(part, &pointer);
            for version in self.record.elements(&pointer) {
                self.by_text(part, &version);
            }
        }
    }

    fn model(&mut self) {
        let served = self.text("/model/served");
        let name = self.text("/model/name");
        self.add(UsedKind::Model.as_str(), served.or(name), None);
    }

    fn guardrails(&mut self) {
        for guardrail in self.record.elements("/guardrails") {
            self.versioned(UsedKind::Guardrail, &guardrail);
            self.versioned(UsedKind::Policy, &format!("{guardrail}/policy"));
        }
    }

    fn document(&mut self, pointer: &str) {
        let Some(document) = self.text(&format!("{pointer}/document")) else {
            return;
        };
        let name = match self.text(&format!("{pointer}/chunk")) {
            Some(chunk) => format!("{document}#{chunk}"),
            None => document,
        };
        let version = self.text(&format!("{pointer}/version"));
        self.add(UsedKind::Document.as_str(), Some(name), version);
    }

    fn versioned(&mut self, kind: UsedKind, pointer: &str) {
        let name = self.text(&format!("{pointer}/name"));
        let version = self.text(&format!("{pointer}/version"));
        self.add(kind.as_str(), name, version);
    }

    /// `name@version` in one string.
    fn by_text(&mut self, kind: &str, pointer: &str) {
        let text = self.record.at(pointer).string();
        let (name, version) = match text.and_then(|text| text.rsplit_once('@')) {
            Some((name, version)) => (Some(name), Some(version.to_owned())),
            None => (text, None),
        };
        self.add(kind, name.map(str::to_owned), version);
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.record.at(pointer).string().map(str::to_owned)
    }

    fn add(&mut self, kind: &str, name: Option<String>, version: Option<String>) {
        if let Some(name) = name {
            let kind = kind.to_owned();
            self.artifacts.insert(Artifact {
                kind,
                name,
                version,
            });
        }
    }
}
