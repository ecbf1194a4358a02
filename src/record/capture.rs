//! How a record was captured, and what it may lack.

use serde::{Deserialize, Serialize};

use super::RedactionTrace;

/// How a record was captured.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureReport {
    /// Which way the record came in.
    pub door: Door,
    /// How complete each section is.
    pub sections: Sections,
    /// What went wrong on the way, in words; may quote data.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What redaction took out before the record was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionTrace>,
}

impl CaptureReport {
    /// The warning of a record that was imported without a text or a seed that it had.
    ///
    /// It is sealed with the record, and what a verification goes by: its wording never changes.
    pub const WITHOUT_TEXTS: &'static str = "imported without texts and seeds: its keyed digests \
         cannot be checked, nor its text rendered";

    /// Whether the record says that it was imported without all its texts and seeds.
    #[must_use]
    pub fn is_without_texts(&self) -> bool {
        self.warnings.iter().any(|it| it == Self::WITHOUT_TEXTS)
    }
}

/// Which way a record came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The builder of this library, or `context assemble`.
    Native,
    /// Tracing spans.
    Tracing,
    /// OpenTelemetry.
    Otlp,
    /// The HTTP server.
    Http,
    /// An import of records made elsewhere.
    Import,
}

/// How complete a section is. "None happened" is `complete` and empty; never a missing word.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Everything that happened is in the record.
    Complete,
    /// Some of what happened is known to be missing.
    Partial,
    /// Nobody watched.
    #[default]
    NotCaptured,
    /// Values were taken out.
    Redacted,
    /// Values were shortened.
    Truncated,
}

/// The completeness of every section of a context.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sections {
    /// `inputs`
    pub inputs: Completeness,
    /// `template`
    pub template: Completeness,
    /// `model`
    pub model: Completeness,
    /// `features`
    pub features: Completeness,
    /// `retrievals`
    pub retrievals: Completeness,
    /// `tools`
    pub tools: Completeness,
    /// `guardrails`
    pub guardrails: Completeness,
    /// `assembly`
    pub assembly: Completeness,
}

impl Sections {
    /// The completeness of one section.
    #[must_use]
    pub const fn of(&self, section: Section) -> Completeness {
        match section {
            Section::Inputs => self.inputs,
            Section::Template => self.template,
            Section::Model => self.model,
            Section::Features => self.features,
            Section::Retrievals => self.retrievals,
            Section::Tools => self.tools,
            Section::Guardrails => self.guardrails,
            Section::Assembly => self.assembly,
        }
    }

    /// Sets the completeness of one section.
    pub const fn set(&mut self, section: Section, completeness: Completeness) {
        let slot = match section {
            Section::Inputs => &mut self.inputs,
            Section::Template => &mut self.template,
            Section::Model => &mut self.model,
            Section::Features => &mut self.features,
            Section::Retrievals => &mut self.retrievals,
            Section::Tools => &mut self.tools,
            Section::Guardrails => &mut self.guardrails,
            Section::Assembly => &mut self.assembly,
        };
        *slot = completeness;
    }
}

/// A section of a context record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What the application was asked with.
    Inputs,
    /// The prompt template.
    Template,
    /// The model.
    Model,
    /// The features.
    Features,
    /// The retriever calls.
    Retrievals,
    /// The tool calls.
    Tools,
    /// The guardrails.
    Guardrails,
    /// Items, budget and text.
    Assembly,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 8] = [
        Self::Inputs,
        Self::Template,
        Self::Model,
        Self::Features,
        Self::Retrievals,
        Self::Tools,
        Self::Guardrails,
        Self::Assembly,
    ];

    /// The name of the member.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Template => "template",
            Self::Model => "model",
            Self::Features => "features",
            Self::Retrievals => "retrievals",
            Self::Tools => "tools",
            Self::Guardrails => "guardrails",
            Self::Assembly => "assembly",
        }
    }
}
