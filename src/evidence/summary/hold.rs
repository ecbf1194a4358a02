//! Legal holds, and whether they were released.

use super::facts::{entity, joined, who};
use crate::evidence::page::{Block, Line, Section, Table};
use crate::evidence::shown::{Said, ShownBundle, ShownRecord};
use crate::record::Kind;

/// Every hold in the bundle, and what the bundle has of its release.
pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    let columns = [
        "matter",
        "since",
        "on",
        "placed by",
        "why",
        "owner",
        "to be reviewed",
        "released",
    ];
    let mut table = Table::new("What may not be erased while a matter is open", &columns);
    for hold in bundle.of_kind(Kind::Hold) {
        table.rows.push(vec![
            hold.at("/matter").into(),
            hold.at("/recorded_at").into(),
            target(hold),
            who(hold, "/placed_by"),
            hold.at("/reason").into(),
            hold.at("/owner").into(),
            hold.at("/review_at").into(),
            released(bundle, hold),
        ]);
    }
    let mut strays = Table::new(
        "Releases of holds that are not in this file",
        &["hold", "released", "approved by", "why"],
    );
    for release in bundle.of_kind(Kind::Release) {
        let is_here = release
            .at("/hold")
            .string()
            .is_some_and(|id| bundle.by_id(id).is_some());
        if !is_here {
            strays.rows.push(vec![
                release.at("/hold").into(),
                release.at("/recorded_at").into(),
                approvers(release),
                release.at("/reason").into(),
            ]);
        }
    }
    let blocks: Vec<Block> = table
        .into_block()
        .into_iter()
        .chain(strays.into_block())
        .collect();
    Section {
        title: "Legal holds",
        blocks,
    }
}

/// Every hold that the bundle has no release of, in one sentence.
pub(super) fn sentences<'b>(bundle: &'b ShownBundle<'_>) -> impl Iterator<Item = Line> + use<'b> {
    let open = bundle
        .of_kind(Kind::Hold)
        .filter(|hold| bundle.naming(hold, Kind::Release, "/hold").next().is_none());
    open.map(|hold| {
        Line::from("Under legal hold, matter ")
            .said(hold.at("/matter"))
            .own(", since ")
            .said(hold.at("/recorded_at"))
            .own(": ")
            .append(target(hold))
            .own(".")
    })
}

/// What the hold is on.
fn target(hold: &ShownRecord<'_>) -> Line {
    if let Said::Shown(_) = hold.at("/target/decision") {
        return Line::from("decision ").said(hold.at("/target/decision"));
    }
    let query = hold.members("/target/query");
    if !query.is_empty() {
        let parts = query
            .into_iter()
            .map(|(name, said)| Line::default().recorded(name).own(" ").said(said));
        return Line::from("all that fits ").append(joined(parts));
    }
    match hold.at("/target/entity") {
        Said::Nothing => "what is hidden here".into(),
        _ => Line::from("everything about ").append(entity(hold, "/target/entity")),
    }
}

fn released(bundle: &ShownBundle<'_>, hold: &ShownRecord<'_>) -> Line {
    let releases = bundle.naming(hold, Kind::Release, "/hold").map(|release| {
        Line::from(release.at("/recorded_at"))
            .own(", approved by ")
            .append(approvers(release))
            .own(": ")
            .said(release.at("/reason"))
    });
    match joined(releases) {
        line if line.is_empty() => "not as far as this file says".into(),
        line => line,
    }
}

fn approvers(release: &ShownRecord<'_>) -> Line {
    joined(release.elements("/approved_by").map(|it| who(release, &it)))
}
