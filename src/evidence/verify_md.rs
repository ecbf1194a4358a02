//! `VERIFY.md`: how to check a bundle without this software.

use super::view::View;

pub(super) fn page(view: &View) -> String {
    let (id, index) = view.records.first().map_or_else(
        || ("<id>".to_owned(), "<index>".to_owned()),
        |record| (record.id.to_string(), record.index.to_string()),
    );
    let page = match view.checkpoint.timestamps.as_slice() {
        [] => PAGE.to_owned(),
        _ => format!("{PAGE}{TIMESTAMPS}"),
    };
    page.replace("{id}", &id)
        .replace("{index}", &index)
        .replace("{size}", &view.checkpoint.size.to_string())
        .replace("{origin}", &printable(&view.checkpoint.origin))
}

/// Names of logs have no spaces or control characters; one that has is not repeated here.
fn printable(origin: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "./-_:".contains(c);
    if origin.chars().all(is_name) {
        origin.to_owned()
    } else {
        "a name that cannot be printed here".to_owned()
    }
}

const PAGE: &str = include_str!("verify.md");
const TIMESTAMPS: &str = include_str!("verify_timestamp.md");
