//! What can be said of what is not there.

use super::words;
use crate::evidence::page::{Block, Line, Table};
use crate::evidence::shown::{Said, ShownRecord};
use crate::record::Section;

/// How complete each section of a context is, and whether "nothing else" may be said of it.
pub(super) fn blocks(context: &ShownRecord<'_>) -> Vec<Block> {
    let columns = ["section", "recorded", "what can be said of anything else"];
    let mut table = Table::new("How complete this record is", &columns);
    for section in Section::ALL {
        let word = context.at(&format!("/capture/sections/{}", section.as_str()));
        table.rows.push(vec![
            section.as_str().into(),
            Line::default().word(word, words::completeness),
            absence(context, section, word),
        ]);
    }
    let warnings: Vec<Line> = context
        .elements("/capture/warnings")
        .map(|it| context.at(&it).into())
        .collect();
    let mut blocks: Vec<Block> = table.into_block().into_iter().collect();
    if !warnings.is_empty() {
        let words = "Warnings while it was recorded:";
        blocks.extend([Block::Paragraph(words.into()), Block::List(warnings)]);
    }
    blocks
}

/// Absence can be claimed only where the section is complete and no hidden field can be part of it.
fn absence(context: &ShownRecord<'_>, section: Section, word: Said<'_>) -> Line {
    let pointer = format!("/{}", section.as_str());
    if word.string() != Some("complete") {
        return "cannot be said: the section is not known to be complete".into();
    }
    if context.may_hide(&pointer) {
        return "cannot be said: a hidden field may be part of it".into();
    }
    match context.at(&pointer) {
        Said::Nothing => "none was used".into(),
        _ => "nothing else was used".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::sample;

    fn said(fields: &[(&str, Option<&str>)]) -> String {
        let record = sample::record(fields);
        let shown = ShownRecord::of(&record).unwrap();
        let word = shown.at("/capture/sections/features");
        let line = absence(&shown, Section::Features, word);
        format!("{:?}", line.0)
    }

    const COMPLETE: (&str, Option<&str>) =
        ("/capture", Some(r#"{"sections":{"features":"complete"}}"#));

    #[test]
    fn nothing_else_is_said_of_a_complete_section_whose_leaves_are_accounted_for() {
        assert!(said(&[COMPLETE]).contains("none was used"));
        assert!(said(&[COMPLETE, ("/features/0", Some("{}"))]).contains("nothing else was used"));
    }

    #[test]
    fn a_hidden_field_elsewhere_does_not_matter() {
        let fields = [
            COMPLETE,
            ("/error", Some("{}")),
            ("", None),
            ("/fa", Some("1")),
            ("/freshness", Some("{}")),
        ];
        assert!(said(&fields).contains("none was used"));
    }

    #[test]
    fn a_hidden_field_that_may_be_one_of_the_section_matters() {
        let fields = [
            COMPLETE,
            ("/features/0", Some("{}")),
            ("", None),
            ("/freshness", Some("{}")),
        ];
        assert!(said(&fields).contains("cannot be said"));
        assert!(said(&[COMPLETE, ("", None)]).contains("cannot be said"));
    }

    #[test]
    fn nothing_is_said_of_a_section_that_was_not_captured() {
        let partial = [("/capture", Some(r#"{"sections":{"features":"partial"}}"#))];
        assert!(said(&partial).contains("cannot be said"));
        assert!(said(&[]).contains("cannot be said"));
    }
}
