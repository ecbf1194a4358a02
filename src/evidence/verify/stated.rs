//! What whoever packed a bundle says in it, and nothing commits to.

use super::super::bundle::FieldEntry;
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::Report;

/// Lists the statements of the packer: who made the bundle and why, and why fields are withheld.
pub(super) fn check(contents: &Contents, report: &mut Report) {
    if contents.custody.is_some() {
        report.not_checked.push(format!(
            "{}: who made the bundle, when, for whom and why: that is what its maker says",
            FileName::Custody
        ));
    }
    let fields = contents.records.values().flat_map(|it| &it.fields);
    let withheld = fields
        .filter(|field| !matches!(field, FieldEntry::Shown { .. }))
        .count();
    if withheld > 0 {
        report.not_checked.push(format!(
            "records/*.json: the reasons why {withheld} fields are withheld: they are what the maker of \
             the bundle says"
        ));
    }
}
