//! Inclusion in the log, who signed its head, and other heads of it.

use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::Report;
use super::KnownHead;
use crate::log::{
    Checkpoint, KeyKind, SignedCheckpoint, VerifierKey, verify_consistency, verify_inclusion,
};

/// Every entry is in the tree of its checkpoint.
pub(super) fn check_inclusion(contents: &Contents, report: &mut Report) {
    for (index, proof) in &contents.proofs {
        let Some(entry) = contents.entries.get(index) else {
            continue;
        };
        report.checked.proofs += 1;
        let head = proof.checkpoint().checkpoint();
        let included =
            verify_inclusion(*index, head.size(), &entry.hash, proof.path(), head.root());
        if let Err(error) = included {
            let what = format!("the entry is not proved to be in the log: {error}");
            report.find(FileName::Proof(*index), "", what);
        }
    }
}

/// Every checkpoint is signed by the log, and cosigned by the witnesses that are trusted.
pub(super) fn check_signatures(contents: &Contents, keys: &[VerifierKey], report: &mut Report) {
    let mut seen: Vec<&SignedCheckpoint> = Vec::new();
    for (index, proof) in &contents.proofs {
        let signed = proof.checkpoint();
        if seen.contains(&signed) {
            continue;
        }
        if !seen.is_empty() {
            let what = "it ends in another checkpoint than the proofs before it";
            report.find(FileName::Proof(*index), "", what);
        }
        if seen.len() < MAX_CHECKPOINTS {
            check_signed(signed, keys, &FileName::Proof(*index).to_string(), report);
            seen.push(signed);
        }
    }
}

fn check_signed(signed: &SignedCheckpoint, keys: &[VerifierKey], file: &str, report: &mut Report) {
    match signed.verify(keys) {
        Ok(verified) => {
            for signature in verified {
                report.checked.signatures += 1;
                report.signed_by.push(named(signature.key));
            }
        }
        Err(error) => {
            let origin = signed.checkpoint().origin();
            let what = format!("the head of the log {origin} is not proved: {error}");
            report.find(file, "", what);
        }
    }
    let cosigned = match signed.cosignatures(keys) {
        Ok(cosigned) => cosigned,
        Err(error) => {
            report.find(
                file,
                "",
                format!("a cosignature is not the witness's: {error}"),
            );
            return;
        }
    };
    for key in keys.iter().filter(|key| key.kind() == KeyKind::Cosignature) {
        if cosigned.iter().any(|signature| signature.key == key) {
            report.checked.cosignatures += 1;
            report.signed_by.push(named(key));
        } else {
            let what = format!(
                "the witness {} has not cosigned the head of the log",
                key.name()
            );
            report.find(file, "", what);
        }
    }
    let of_others = signed.note().signatures().iter().filter(|signature| {
        !keys
            .iter()
            .any(|key| (key.name(), key.id()) == (signature.name(), signature.id()))
    });
    report.not_checked.extend(of_others.map(|signature| {
        let (name, id) = (signature.name(), signature.id());
        format!("{file}: the signature of {name}+{id}, whose key was not given")
    }));
}

fn named(key: &VerifierKey) -> String {
    format!("{}+{}", key.name(), key.id())
}

/// The head in the bundle and a known one are heads of one log.
pub(super) fn check_head(
    contents: &Contents,
    known: &KnownHead,
    keys: &[VerifierKey],
    report: &mut Report,
) {
    let Some(here) = contents.checkpoint().map(SignedCheckpoint::checkpoint) else {
        let what = "the known head: the bundle has no checkpoint to compare it with";
        report.not_checked.push(what.to_owned());
        return;
    };
    let there = known.checkpoint.checkpoint();
    if let Err(error) = known.checkpoint.verify(keys) {
        report.find(
            "",
            "head",
            format!("the known head is not the log's: {error}"),
        );
    }
    if here.origin() != there.origin() {
        let what = format!(
            "the known head is of the log {}, the bundle of {}",
            there.origin(),
            here.origin()
        );
        report.find("", "head", what);
        return;
    }
    compare(here, there, known, report);
}

fn compare(here: &Checkpoint, there: &Checkpoint, known: &KnownHead, report: &mut Report) {
    let forked = "the log shows two histories: the head in the bundle and the known head cannot \
                  both be true";
    if here.size() == there.size() {
        if here.root() != there.root() {
            report.find("", "head", forked);
        }
        return;
    }
    let (from, to) = if here.size() < there.size() {
        (here, there)
    } else {
        (there, here)
    };
    match &known.consistency {
        Some(path) => {
            let consistent =
                verify_consistency(from.size(), to.size(), from.root(), to.root(), path);
            if let Err(error) = consistent {
                report.find("", "head", format!("{forked}: {error}"));
            }
        }
        None => report.not_checked.push(format!(
            "the known head has {} entries and the head in the bundle {}: that one continues the \
             other is proved by `contextrail log consistency {} {}`",
            there.size(),
            here.size(),
            from.size(),
            to.size()
        )),
    }
}

/// Signatures are checked for so many different checkpoints; a sound bundle has one.
const MAX_CHECKPOINTS: usize = 16;
