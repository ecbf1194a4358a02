//! Reading rules from strict YAML or JSON.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::RulesError;
use super::rule::{Match, Rule};
use super::{PathPattern, Redaction};
use crate::codec::{Format, Node, Position, Tree, decode, read};
use crate::privacy::{Kind, RuleError};
use crate::record::{Class, Name, RedactionTreatment};

impl Redaction {
    /// The file beside the database `path` that holds the rules of its trail: `….redaction.yaml`.
    #[must_use]
    pub fn beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".redaction.yaml");
        name.into()
    }

    /// Reads the file `path`; `None` when it is not there.
    ///
    /// `docs/privacy.md` has its form.
    ///
    /// # Errors
    ///
    /// [`RulesError`] with line and column.
    pub fn read(path: &Path) -> Result<Option<Self>, RulesError> {
        let shown = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&shown, &bytes).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RulesError::File {
                path: shown,
                source,
            }),
        }
    }

    /// Reads rules out of the document `bytes`, which errors call `path`.
    ///
    /// # Errors
    ///
    /// [`RulesError`] with line and column.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, RulesError> {
        let document = |source| RulesError::Document {
            path: path.to_owned(),
            source,
        };
        // JSON is read by its own reader, which knows its escapes.
        let format = match bytes.trim_ascii_start().first() {
            Some(b'{') => Format::Json,
            _ => Format::Yaml,
        };
        let node = read(bytes, format).map_err(document)?;
        let form: Form = decode(&node).map_err(document)?;
        let mut redaction = Self::new().with_imports(form.imports);
        for (index, rule) in form.rules.into_iter().enumerate() {
            let at = RulePlace {
                path,
                node: &node,
                index,
            };
            redaction = redaction.with(at.rule(rule)?);
        }
        redaction.check_names(path, &node)?;
        Ok(redaction)
    }

    fn check_names(&self, path: &str, node: &Node) -> Result<(), RulesError> {
        for (index, rule) in self.rules.iter().enumerate() {
            if self.rules[..index].iter().any(|it| it.name == rule.name) {
                let at = RulePlace { path, node, index };
                return Err(at.wrong("name", &rule.name, "is there twice: give it another name"));
            }
        }
        Ok(())
    }
}

/// A rule of a document, for what is to be said about it.
struct RulePlace<'a> {
    path: &'a str,
    node: &'a Node,
    index: usize,
}

impl RulePlace<'_> {
    fn rule(&self, form: RuleForm) -> Result<Rule, RulesError> {
        let RuleForm {
            name,
            matching,
            treatment,
        } = form;
        let path = matching.path.as_deref().map(str::parse::<PathPattern>);
        let path = path.transpose().map_err(|source| RulesError::Path {
            path: self.path.to_owned(),
            at: self.at("match/path"),
            source,
        })?;
        let class = matching.class.map(Class::from);
        let found = match matching.detector {
            None => None,
            Some(DetectorForm::Pattern(pattern)) => {
                let compiled = Match::pattern(&pattern).map_err(|wrong| RulesError::Pattern {
                    path: self.path.to_owned(),
                    at: self.at("match/detector/pattern"),
                    source: RuleError {
                        rule: name.to_string(),
                        ..wrong
                    },
                })?;
                Some(compiled)
            }
            Some(known) => known.kind().map(Match::kind),
        };
        let matching = match (found, path, class) {
            (Some(found), path, class) => Match {
                path,
                class,
                ..found
            },
            (None, Some(path), class) => Match {
                class,
                ..Match::path(path)
            },
            (None, None, Some(class)) => Match::class(class),
            (None, None, None) => {
                let what = "matches nothing: say a path, a class or a detector";
                return Err(self.wrong("match", &name, what));
            }
        };
        Ok(Rule::new(name, matching, treatment))
    }

    fn wrong(&self, member: &str, rule: &Name, what: &str) -> RulesError {
        RulesError::Rule {
            path: self.path.to_owned(),
            at: self.at(member),
            rule: rule.clone(),
            what: what.to_owned(),
        }
    }

    /// Where the member of the rule stands, or the nearest that is there around it.
    fn at(&self, member: &str) -> Position {
        let mut node = self.node;
        if let Some(Tree::Sequence(rules)) = node.member("rules").map(|rules| &rules.tree)
            && let Some(rule) = rules.get(self.index)
        {
            node = rule;
        }
        for step in member.split('/') {
            node = node.member(step).unwrap_or(node);
        }
        node.at
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default = "yes")]
    imports: bool,
    rules: Vec<RuleForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    name: Name,
    #[serde(rename = "match")]
    matching: MatchForm,
    treatment: RedactionTreatment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchForm {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    class: Option<ClassForm>,
    #[serde(default)]
    detector: Option<DetectorForm>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClassForm {
    Personal,
    Confidential,
}

impl From<ClassForm> for Class {
    fn from(class: ClassForm) -> Self {
        match class {
            ClassForm::Personal => Self::Personal,
            ClassForm::Confidential => Self::Confidential,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum DetectorForm {
    Email,
    Phone,
    Card,
    Iban,
    NationalId,
    IpAddress,
    Secret,
    Pattern(String),
}

impl DetectorForm {
    const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Email => Kind::Email,
            Self::Phone => Kind::Phone,
            Self::Card => Kind::Card,
            Self::Iban => Kind::Iban,
            Self::NationalId => Kind::NationalId,
            Self::IpAddress => Kind::IpAddress,
            Self::Secret => Kind::Secret,
            Self::Pattern(_) => return None,
        })
    }
}

const fn yes() -> bool {
    true
}
