//! Who: the people, systems and subjects that the records name.

use super::facts::{entity, how_known, model, who};
use crate::evidence::page::{Line, Section, Table, counted};
use crate::evidence::shown::{ShownBundle, ShownRecord};
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let mut named = Named::default();
    for record in &bundle.records {
        match record.view.kind {
            Kind::Decision => {
                named.entity("what was decided on", record, "/subject");
                named.entities(record);
                named.party("who decided", record, "/decided_by");
            }
            Kind::Context => named.entities(record),
            Kind::Review => named.party("who reviewed", record, "/actor"),
            Kind::Generation => named.model(record),
            Kind::Approval => named.party("who approved a version", record, "/actor"),
            Kind::Hold => named.party("who placed a legal hold", record, "/placed_by"),
            Kind::Release => {
                for approver in record.elements("/approved_by") {
                    named.party("who released a legal hold", record, &approver);
                }
            }
            Kind::Outcome
            | Kind::Import
            | Kind::Key
            | Kind::Succession
            | Kind::Erasure
            | Kind::Policy
            | Kind::Retention
            | Kind::Archive
            | Kind::Token
            | Kind::Access
            | Kind::Artifact
            | Kind::Retirement
            | Kind::Deployment
            | Kind::Kpi
            | Kind::Check
            | Kind::Freeze
            | Kind::Unfreeze => {}
        }
        if record.view.kind != Kind::Review {
            named.party("who recorded it", record, "/actor");
        }
    }
    let mut table = Table::new(
        "People, systems and subjects",
        &["part", "who or what", "how it is known", "in"],
    );
    table.rows = named.rows();
    Section {
        title: "Who",
        blocks: table.into_block().into_iter().collect(),
    }
}

#[derive(Default)]
struct Named {
    found: Vec<(&'static str, Line, Line, usize)>,
}

impl Named {
    fn add(&mut self, part: &'static str, who: Line, how: Line) {
        if who.is_empty() {
            return;
        }
        let same = |it: &&mut (&str, Line, Line, usize)| it.0 == part && it.1 == who && it.2 == how;
        match self.found.iter_mut().find(same) {
            Some((.., count)) => *count += 1,
            None => self.found.push((part, who, how, 1)),
        }
    }

    fn entity(&mut self, part: &'static str, record: &ShownRecord<'_>, pointer: &str) {
        self.add(part, entity(record, pointer), Line::default());
    }

    fn entities(&mut self, record: &ShownRecord<'_>) {
        for pointer in record.elements("/entities") {
            self.entity("whom it is about", record, &pointer);
        }
    }

    fn party(&mut self, part: &'static str, record: &ShownRecord<'_>, pointer: &str) {
        self.add(part, who(record, pointer), how_known(record, pointer));
    }

    fn model(&mut self, record: &ShownRecord<'_>) {
        self.add("what answered", model(record, "/model"), Line::default());
    }

    fn rows(self) -> Vec<Vec<Line>> {
        let mut found = self.found;
        found.sort_by_key(|(part, ..)| PARTS.iter().position(|known| known == part));
        let row = |(part, who, how, count): (&'static str, _, _, _)| {
            let records = counted(count, "record", "records");
            vec![part.into(), who, how, records.into()]
        };
        found.into_iter().map(row).collect()
    }
}

/// In which order the parts stand.
const PARTS: [&str; 9] = [
    "what was decided on",
    "whom it is about",
    "who decided",
    "who reviewed",
    "what answered",
    "who placed a legal hold",
    "who released a legal hold",
    "who approved a version",
    "who recorded it",
];
