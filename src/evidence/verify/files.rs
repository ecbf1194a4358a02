//! The files against the manifest, and each file by itself.

use std::collections::BTreeSet;

use super::super::absence::AbsenceFile;
use super::super::bundle::RecordFile;
use super::super::carried_text::CarriedText;
use super::super::container::{Container, FormError, INDEX};
use super::super::contents::{Contents, EntryFile};
use super::super::document;
use super::super::file_name::FileName;
use super::super::manifest::{FileNote, Manifest};
use super::super::report::{NotABundle, Report};
use super::super::view::Custody;
use crate::log::{TlogProof, VerifierKey};
use crate::seal::Entry;

/// The manifest, and the report that begins with it.
pub(super) fn manifest(container: &Container) -> Result<(Option<Manifest>, Report), NotABundle> {
    let mut report = Report::new(None);
    let Some(bytes) = container.files.get(INDEX) else {
        let mut names = container.files.keys().chain(container.damaged.keys());
        if !names.any(|name| name.parse::<FileName>().is_ok()) {
            return Err(NotABundle {
                why: "it is a zip file without a manifest.json",
            });
        }
        if !container.damaged.contains_key(INDEX) {
            report.find(INDEX, "", "the file is missing");
        }
        return Ok((None, report));
    };
    match Manifest::from_bytes(bytes) {
        Ok(manifest) => {
            let report = Report::new(Some(manifest.claim.clone()));
            Ok((Some(manifest), report))
        }
        Err(error) => {
            report.find(INDEX, "", error.to_string());
            Ok((None, report))
        }
    }
}

/// Compares the files with the manifest: what is missing, additional or changed.
pub(super) fn check(container: &Container, manifest: Option<&Manifest>, report: &mut Report) {
    for (name, why) in &container.damaged {
        report.find(name, "", format!("the file cannot be unpacked: {why}"));
    }
    for name in container.files.keys() {
        if name.parse::<FileName>().is_err() {
            report.find(name, "", "bundles have no file of this name");
        }
    }
    let Some(manifest) = manifest else { return };
    let names = container.files.keys().chain(container.damaged.keys());
    for name in names.filter(|name| *name != INDEX) {
        if !manifest.files.contains_key(name) {
            report.find(name, "", "the file is not in the manifest: it was added");
        }
    }
    for (name, note) in &manifest.files {
        match container.files.get(name) {
            Some(content) => check_note(name, note, content, report),
            None if container.damaged.contains_key(name) => {}
            None => report.find(name, "", "the file is missing"),
        }
    }
}

/// Whether the container is the one that was packed, bit by bit.
pub(super) fn form(container: &Container, manifest: Option<&Manifest>) -> Result<(), FormError> {
    container.form.clone()?;
    let packed = Manifest::packed_text(container.digest);
    match manifest {
        Some(manifest) if manifest.packed_sha256 != packed => Err(FormError::repacked()),
        _ => Ok(()),
    }
}

fn check_note(name: &str, note: &FileNote, content: &[u8], report: &mut Report) {
    report.checked.files += 1;
    let Ok(known) = name.parse::<FileName>() else {
        return;
    };
    let found = FileNote::of(content, known.media_type());
    if found.sha256 != note.sha256 || found.bytes != note.bytes {
        let what = format!(
            "the file is not the one that was packed: its SHA-256 is {}, the manifest says {}",
            found.sha256, note.sha256
        );
        report.find(name, "", what);
    } else if found.media_type != note.media_type {
        let place = format!("files[{name:?}].media_type");
        report.find(INDEX, place, "it is not the media type of this file");
    }
}

/// Reads every file that holds evidence.
pub(super) fn contents(container: &Container, report: &mut Report) -> Contents {
    let mut contents = Contents::default();
    for (name, bytes) in &container.files {
        let Ok(file) = name.parse::<FileName>() else {
            continue;
        };
        if let Err(what) = contents.read(file, bytes) {
            report.find(name, "", what);
        }
    }
    for file in [FileName::Custody, FileName::Keys].map(|file| file.to_string()) {
        if !container.files.contains_key(&file) && !container.damaged.contains_key(&file) {
            report.find(file, "", "the file is missing");
        }
    }
    check_partners(&contents, report);
    contents
}

impl Contents {
    /// Reads one file.
    fn read(&mut self, file: FileName, bytes: &[u8]) -> Result<(), String> {
        let text = |error: &dyn std::error::Error| sentence(error);
        match file {
            FileName::Manifest | FileName::Page(_) => {}
            FileName::Token { size, number } => {
                self.tokens.insert((size, number), bytes.to_vec());
            }
            FileName::Custody => {
                self.custody = Some(Custody::from_bytes(bytes).map_err(|e| text(&e))?);
            }
            FileName::Absence => {
                self.absence = Some(AbsenceFile::from_bytes(bytes).map_err(|e| text(&e))?);
            }
            FileName::Keys => {
                let list = str::from_utf8(bytes).map_err(|e| text(&e))?;
                self.keys = VerifierKey::parse_list(list).map_err(|e| text(&e))?;
            }
            FileName::Record(id) => {
                let record = RecordFile::from_bytes(bytes).map_err(|e| text(&e))?;
                if record.id != id {
                    return Err(format!("the record in it is another one, {}", record.id));
                }
                self.records.insert(id, record);
            }
            FileName::Text(id) => {
                let (of, carried) = CarriedText::from_bytes(bytes).map_err(|e| text(&e))?;
                if of != id {
                    return Err(format!("the text in it is of another record, {of}"));
                }
                self.texts.insert(id, carried);
            }
            FileName::Entry(index) => {
                self.entries.insert(index, read_entry(bytes)?);
            }
            FileName::Proof(index) => {
                let proof = TlogProof::parse(bytes).map_err(|e| text(&e))?;
                if proof.index() != index {
                    return Err(format!(
                        "it is the proof of another index, {}",
                        proof.index()
                    ));
                }
                if proof.extra().is_some() {
                    return Err("it carries extra data, which nothing vouches for".to_owned());
                }
                self.proofs.insert(index, proof);
            }
        }
        Ok(())
    }
}

fn read_entry(bytes: &[u8]) -> Result<EntryFile, String> {
    if bytes.len() >= MAX_ENTRY_BYTES {
        return Err("it is 4 KiB or longer, which no entry is".to_owned());
    }
    let entry: Entry = document::read(bytes).map_err(|error| sentence(&error))?;
    if entry.v != 1 {
        return Err(format!(
            "v: {} is a version that is not known here",
            entry.v
        ));
    }
    if entry.schema != entry.kind.schema() {
        let schema = entry.schema;
        return Err(format!("schema: {schema:?} is not known to this version"));
    }
    if entry.root_hash().is_none() {
        return Err("root: it is not a hash in base64".to_owned());
    }
    if entry.refs.len() > crate::seal::MAX_REFERENCES {
        return Err("refs: an entry refers to 64 records at most".to_owned());
    }
    EntryFile::of(entry, bytes).ok_or_else(|| "refs: one is not a hash in base64".to_owned())
}

/// Every record has an entry and a proof, and nothing else has one.
fn check_partners(contents: &Contents, report: &mut Report) {
    let indexes: BTreeSet<u64> = contents.records.values().map(|it| it.index).collect();
    for index in &indexes {
        if !contents.entries.contains_key(index) {
            report.find(
                FileName::Entry(*index),
                "",
                "there is no readable entry of the record",
            );
        }
        if !contents.proofs.contains_key(index) {
            report.find(
                FileName::Proof(*index),
                "",
                "there is no readable proof of the record",
            );
        }
    }
    for index in contents.entries.keys().filter(|it| !indexes.contains(it)) {
        report.find(
            FileName::Entry(*index),
            "",
            "there is no readable record of this index",
        );
    }
    for index in contents.proofs.keys().filter(|it| !indexes.contains(it)) {
        report.find(
            FileName::Proof(*index),
            "",
            "there is no readable record of this index",
        );
    }
}

/// An error with its causes, in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

const MAX_ENTRY_BYTES: usize = 4_096;
