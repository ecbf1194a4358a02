//! What is proved, what is not, the facts of the log, and who made the bundle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::brief::is_whole;
use super::withheld::{Counts, counts, shows_nothing};
use crate::evidence::page::{Block, Facts, Line, Section, Table, counted, grouped};
use crate::evidence::shown::ShownBundle;
use crate::evidence::view::{Scope, Signer, SignerRole, Stamp};
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let blocks = [
        (
            "Proved, once the check described in VERIFY.md has passed:",
            proved(bundle),
        ),
        ("Not proved:", not_proved(bundle)),
        ("Cannot be said from this file:", cannot_be_said(bundle)),
    ];
    let blocks = blocks.into_iter().filter(|(_, lines)| !lines.is_empty());
    Section {
        title: "What is proved, and what is not",
        blocks: blocks
            .flat_map(|(words, lines)| [Block::Paragraph(words.into()), Block::List(lines)])
            .collect(),
    }
}

fn proved(bundle: &ShownBundle<'_>) -> Vec<Line> {
    let records = bundle.records.len();
    if records == 0 {
        return Vec::new();
    }
    let mut lines: Vec<Line> = vec![
        format!(
            "The log held {} at the places listed below, among {}, when its head was signed.",
            counted(records, "record", "records"),
            counted(
                usize::try_from(bundle.view.checkpoint.size).unwrap_or(usize::MAX),
                "entry",
                "entries"
            ),
        )
        .into(),
    ];
    if !shows_nothing(bundle) {
        lines.push("Every value of a record shown above is the recorded one, to the byte: a value that was changed, added, renamed or taken away since then is found.".into());
    }
    lines.push("A record that others refer to was in the log before them: each names the ones before by their hash.".into());
    if has_witness(bundle) {
        lines.push("Each witness named below has seen this head of the log, and that it continues those it had seen before.".into());
    }
    if !bundle.view.checkpoint.timestamps.is_empty() {
        lines.push("Each timestamp named below shows that this head of the log, and every record in it, was there at that time: to whoever trusts its authority.".into());
    }
    if let Scope::Range { from, to } = bundle.view.claim.scope
        && is_whole(bundle, from, to)
    {
        lines.push(format!("Between entries {from} and {to} there is no further entry.").into());
    }
    lines
}

fn not_proved(bundle: &ShownBundle<'_>) -> Vec<Line> {
    let mut lines = vec![
        Line::from("That what was recorded was true: the log proves what was recorded, and that it has not changed since."),
        "That everything that happened was recorded.".into(),
        "That the keys are those of the party they are said to be of: whoever checks has to have them from that party.".into(),
        "What manifest.json says, and what stands under “This file”: nobody signs those, they are what the maker of this file says.".into(),
    ];
    if !bundle.absences.is_empty() {
        lines.push("That nothing else was used than what was recorded: “not used” is said of what the application recorded, as it says completely.".into());
    }
    if counts(bundle).all() > counts(bundle).shown {
        lines.push("The reasons given for what is withheld: nobody signs those either.".into());
    }
    lines
}

fn cannot_be_said(bundle: &ShownBundle<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    match bundle.view.claim.scope {
        Scope::Decision { .. } => lines.push(
            "Whether there are other reviews or outcomes of this decision, or other decisions on the same subject, than those in this file: a file of a range of the log proves that nothing in between was held back.".into(),
        ),
        Scope::Range { from, to } => lines.push(
            format!("What the log holds before entry {from} and after entry {to}.").into(),
        ),
        Scope::Entity { .. } => lines.push(
            "Whether the log holds other records about this entity than those in this file: a file of a range of the log proves that nothing in between was held back.".into(),
        ),
    }
    let contexts = bundle.of_kind(Kind::Context).count();
    if contexts > 0 {
        lines.push("Whether anything else was used, wherever the table “How complete this record is” says so.".into());
        lines.push("Whether a text is the one that was sent, where only its keyed digest was recorded and the key is not in this file.".into());
    }
    let elsewhere = bundle.records.iter().flat_map(|record| &record.view.refs);
    let is_here = |hash: &&[u8; 32]| bundle.records.iter().any(|it| it.view.entry_hash == **hash);
    let missing = elsewhere.filter(|hash| !is_here(hash)).count();
    if missing > 0 {
        let references = counted(missing, "reference leads", "references lead");
        lines.push(format!("What {references} to: the record is not in this file.").into());
    }
    if !has_witness(bundle) {
        lines.push(
            "Whether somebody else was given a different log: no witness has signed this head."
                .into(),
        );
    }
    lines
}

fn has_witness(bundle: &ShownBundle<'_>) -> bool {
    let mut signers = bundle.view.checkpoint.signers.iter();
    signers.any(|it| matches!(it.role, SignerRole::Witness { .. }))
}

/// The facts of the log.
pub(super) fn log(bundle: &ShownBundle<'_>) -> Section {
    let checkpoint = &bundle.view.checkpoint;
    let recorded = |text: String| Line::default().recorded(text);
    let facts = Facts::default()
        .line("name of the log", recorded(checkpoint.origin.clone()))
        .line("trail", recorded(bundle.view.claim.trail.to_string()))
        .line("tenant", recorded(bundle.view.claim.tenant.to_string()))
        .line("entries when signed", grouped(checkpoint.size).into())
        .line(
            "root over all entries",
            recorded(BASE64.encode(checkpoint.root)),
        )
        .line("signed by", signers(bundle));
    let facts = match bundle.view.checkpoint.timestamps.as_slice() {
        [] => facts,
        stamps => facts.line("timestamped by", stamped(stamps)),
    };
    Section {
        title: "The log",
        blocks: facts
            .into_block()
            .into_iter()
            .chain(places(bundle).into_block())
            .collect(),
    }
}

/// The records, by index.
fn places(bundle: &ShownBundle<'_>) -> Table {
    let recorded = |text: String| Line::default().recorded(text);
    let columns = [
        "index",
        "kind",
        "id",
        "fields",
        "shown",
        "redacted",
        "hidden",
        "entry hash",
    ];
    let mut table = Table::new("The records, by their place in the log", &columns);
    for record in &bundle.records {
        let counts = Counts::of(record.view.fields.iter());
        table.rows.push(vec![
            record.view.index.to_string().into(),
            record.view.kind.as_str().into(),
            recorded(record.view.id.to_string()),
            counts.all().to_string().into(),
            counts.shown.to_string().into(),
            counts.named.to_string().into(),
            counts.hidden.to_string().into(),
            recorded(BASE64.encode(record.view.entry_hash)),
        ]);
    }
    table
}

fn signers(bundle: &ShownBundle<'_>) -> Line {
    let mut named: Vec<(&Signer, usize)> = Vec::new();
    for signer in &bundle.view.checkpoint.signers {
        // Where a key took over from another, both sign one head under the name of the log.
        match named.iter_mut().find(|(known, _)| *known == signer) {
            Some((_, keys)) => *keys += 1,
            None => named.push((signer, 1)),
        }
    }
    super::facts::joined(named.into_iter().map(|(signer, keys)| {
        let line = Line::default().recorded(&*signer.name);
        match signer.role {
            SignerRole::Log if keys > 1 => line.own(format!(" (the log, with {keys} of its keys)")),
            SignerRole::Log => line.own(" (the log)"),
            SignerRole::Witness { at } => line.own(" (a witness, ").at(at).own(")"),
            SignerRole::Other => line.own(" (a key this version does not know)"),
        }
    }))
}

fn stamped(stamps: &[Stamp]) -> Line {
    super::facts::joined(stamps.iter().map(|stamp| {
        let by = Line::default().recorded(stamp.by.clone());
        by.own(", as the token says, ").at(stamp.at)
    }))
}

/// Who made the bundle, for whom, when and why, as they say.
pub(super) fn custody(bundle: &ShownBundle<'_>) -> Section {
    let custody = &bundle.view.custody;
    let stated = |text: &Option<String>| match text {
        Some(text) => Line::default().recorded(text.clone()),
        None => "not stated".into(),
    };
    let facts = Facts::default()
        .line("made by", stated(&custody.by))
        .line("made for", stated(&custody.made_for))
        .line("made", Line::default().at(custody.at))
        .line("why", stated(&custody.why));
    let words = "As stated by whoever made this file; the log does not prove it. How to check the \
                 file without our software stands in VERIFY.md.";
    Section {
        title: "This file",
        blocks: facts
            .into_block()
            .into_iter()
            .chain([Block::Paragraph(words.into())])
            .collect(),
    }
}
