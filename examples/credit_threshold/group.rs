//! The protected groups: what no decision looks at, and every comparison is made by.

use std::collections::BTreeMap;

use super::Failed;

/// To which groups an applicant belongs: `sex`, `age_group`.
pub(crate) type Groups = BTreeMap<String, String>;

/// The groups of the 1,000 applicants, in the order of the data set.
///
/// # Errors
///
/// A file that lacks the two columns, or has other labels than the data set.
pub(crate) fn groups() -> Result<Vec<Groups>, Failed> {
    let text = include_str!("../data/german_credit.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|it| it == name);
        found.ok_or_else(|| format!("the applicants have no column {name}"))
    };
    let (sex, age) = (column("personal_status_and_sex")?, column("age_in_years")?);
    let row = |fields: Result<csv::StringRecord, csv::Error>| {
        let fields = fields?;
        let sex = fields.get(sex).and_then(|it| it.split_once(" : "));
        let (sex, _) = sex.ok_or("a row says nothing of the sex")?;
        let age: u32 = fields.get(age).ok_or("a row has no age")?.parse()?;
        let age_group = match age {
            ..25 => "under_25",
            25..50 => "25_to_49",
            _ => "from_50",
        };
        Ok(Groups::from([
            ("sex".to_owned(), sex.to_owned()),
            ("age_group".to_owned(), age_group.to_owned()),
        ]))
    };
    reader.records().map(row).collect()
}
