//! All files of a bundle that are derived from the others.

use std::collections::BTreeMap;

use super::pages::Pages;
use super::shown::ShownBundle;
use super::summary::Summary;
use super::tree::TreeError;
use super::view::View;
use super::{prov, related, verify_md, yaml};
use crate::codec::WriteError;

/// The derived files, as bundles are packed with them and verified against them.
pub const PAGES: Pages = Pages { version: 3, render };

fn render(view: &View) -> BTreeMap<String, Vec<u8>> {
    let files = derived_files(view).unwrap_or_default();
    files
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect()
}

/// The derived files of a bundle that holds `view`, by name.
///
/// They are `summary.html`, `summary.md`, `record/<id>.yaml` of each record, `related.json`,
/// `prov.json` and `VERIFY.md`. The same `view` gives the same bytes.
///
/// # Errors
///
/// [`DeriveError`] when the fields of a record cannot be those of a record.
pub fn derived_files(view: &View) -> Result<BTreeMap<String, String>, DeriveError> {
    let bundle = ShownBundle::of(view)?;
    let summary = Summary::from_shown(&bundle);
    let mut files = BTreeMap::from([
        ("summary.html".to_owned(), summary.to_html()),
        ("summary.md".to_owned(), summary.to_markdown()),
        ("related.json".to_owned(), related::json(&bundle)?),
        ("prov.json".to_owned(), prov::json(&bundle)?),
        ("VERIFY.md".to_owned(), verify_md::page(view)),
    ]);
    for record in &bundle.records {
        let name = format!("record/{}.yaml", record.view.id);
        files.insert(name, yaml::record(record)?);
    }
    Ok(files)
}

/// Contents of a bundle that no readable file can be derived from.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeriveError {
    /// The fields of a record cannot be put together.
    #[error(transparent)]
    Fields(#[from] TreeError),
    /// A value cannot be written exactly.
    #[error(transparent)]
    Value(#[from] WriteError),
}
