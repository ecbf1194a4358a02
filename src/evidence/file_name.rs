//! The names of the files in a bundle.

use std::fmt;
use std::str::FromStr;

use crate::record::RecordId;

/// What a file of a bundle is, by its name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FileName {
    /// `manifest.json`
    Manifest,
    /// `custody.json`
    Custody,
    /// `keys.txt`
    Keys,
    /// `absence.json`
    Absence,
    /// `records/<id>.json`
    Record(RecordId),
    /// `texts/<id>.json`
    Text(RecordId),
    /// `entries/<index>.json`
    Entry(u64),
    /// `proofs/<index>.tlog-proof`
    Proof(u64),
    /// `tokens/<size>.tsr`: an RFC 3161 timestamp of the checkpoint of that size; further ones are
    /// numbered from 2, `tokens/<size>-2.tsr`.
    Token {
        /// The size of the log.
        size: u64,
        /// Which of the timestamps, from 1.
        number: u32,
    },
    /// A file for people and other tools, derived from the others.
    Page(Page),
}

/// What a derived file is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Page {
    /// `summary.html`
    SummaryHtml,
    /// `summary.md`
    SummaryMarkdown,
    /// `related.json`
    Related,
    /// `prov.json`
    Prov,
    /// `VERIFY.md`
    Verify,
    /// `record/<id>.yaml`
    Yaml(RecordId),
}

impl FileName {
    /// The media type that the manifest gives for it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Manifest
            | Self::Custody
            | Self::Absence
            | Self::Record(_)
            | Self::Text(_)
            | Self::Entry(_)
            | Self::Page(Page::Related | Page::Prov) => "application/json",
            Self::Keys | Self::Proof(_) => "text/plain",
            Self::Token { .. } => "application/timestamp-reply",
            Self::Page(Page::SummaryHtml) => "text/html",
            Self::Page(Page::SummaryMarkdown | Page::Verify) => "text/markdown",
            Self::Page(Page::Yaml(_)) => "application/yaml",
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("manifest.json"),
            Self::Custody => f.write_str("custody.json"),
            Self::Keys => f.write_str("keys.txt"),
            Self::Absence => f.write_str("absence.json"),
            Self::Record(id) => write!(f, "records/{id}.json"),
            Self::Text(id) => write!(f, "texts/{id}.json"),
            Self::Entry(index) => write!(f, "entries/{index}.json"),
            Self::Proof(index) => write!(f, "proofs/{index}.tlog-proof"),
            Self::Token { size, number: 1 } => write!(f, "tokens/{size}.tsr"),
            Self::Token { size, number } => write!(f, "tokens/{size}-{number}.tsr"),
            Self::Page(Page::SummaryHtml) => f.write_str("summary.html"),
            Self::Page(Page::SummaryMarkdown) => f.write_str("summary.md"),
            Self::Page(Page::Related) => f.write_str("related.json"),
            Self::Page(Page::Prov) => f.write_str("prov.json"),
            Self::Page(Page::Verify) => f.write_str("VERIFY.md"),
            Self::Page(Page::Yaml(id)) => write!(f, "record/{id}.yaml"),
        }
    }
}

impl FromStr for FileName {
    type Err = UnknownFile;

    fn from_str(name: &str) -> Result<Self, UnknownFile> {
        let named = match name {
            "manifest.json" => Some(Self::Manifest),
            "custody.json" => Some(Self::Custody),
            "keys.txt" => Some(Self::Keys),
            "absence.json" => Some(Self::Absence),
            "summary.html" => Some(Self::Page(Page::SummaryHtml)),
            "summary.md" => Some(Self::Page(Page::SummaryMarkdown)),
            "related.json" => Some(Self::Page(Page::Related)),
            "prov.json" => Some(Self::Page(Page::Prov)),
            "VERIFY.md" => Some(Self::Page(Page::Verify)),
            _ => None,
        };
        named
            .or_else(|| numbered(name))
            // A number or id has one spelling.
            .filter(|parsed| parsed.to_string() == name)
            .ok_or(UnknownFile)
    }
}

fn numbered(name: &str) -> Option<FileName> {
    let (folder, file) = name.split_once('/')?;
    let (stem, extension) = file.split_once('.')?;
    Some(match (folder, extension) {
        ("records", "json") => FileName::Record(stem.parse().ok()?),
        ("texts", "json") => FileName::Text(stem.parse().ok()?),
        ("record", "yaml") => FileName::Page(Page::Yaml(stem.parse().ok()?)),
        ("entries", "json") => FileName::Entry(stem.parse().ok()?),
        ("proofs", "tlog-proof") => FileName::Proof(stem.parse().ok()?),
        ("tokens", "tsr") => token(stem)?,
        _ => return None,
    })
}

fn token(stem: &str) -> Option<FileName> {
    let (size, number) = stem.split_once('-').unwrap_or((stem, "1"));
    let number: u32 = number.parse().ok()?;
    (number > 0).then_some(FileName::Token {
        size: size.parse().ok()?,
        number,
    })
}

/// A name that no file of a bundle has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("bundles have no file of this name")]
pub struct UnknownFile;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_in_one_spelling() {
        let id = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
        for name in [
            "manifest.json",
            "VERIFY.md",
            "absence.json",
            "entries/0.json",
            "proofs/17.tlog-proof",
            "tokens/17.tsr",
            "tokens/17-2.tsr",
            &format!("records/{id}.json"),
            &format!("record/{id}.yaml"),
        ] {
            assert_eq!(name.parse::<FileName>().unwrap().to_string(), name);
        }
        for name in [
            "Manifest.json",
            "entries/00.json",
            "entries/+1.json",
            "entries/1.json/",
            "other.txt",
            "tokens/17-0.tsr",
            "tokens/17-1.tsr",
            "tokens/17-02.tsr",
            &format!("records/{}.json", id.to_uppercase()),
        ] {
            assert_eq!(name.parse::<FileName>(), Err(UnknownFile), "{name}");
        }
    }
}
