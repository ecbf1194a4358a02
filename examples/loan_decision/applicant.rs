//! The applicants: a strict reading of the German credit data.

use std::str::FromStr;

use contextrail::record::EntityRef;
use csv::StringRecord;

use super::category::{
    Category, CheckingAccount, CreditHistory, Creditability, Employment, Guarantors, Housing, Job,
    OtherPlans, Property, Purpose, Savings,
};

/// One application of the data set, without the columns that no lending decision may look at.
#[derive(Clone, Debug)]
pub(crate) struct Applicant {
    /// The row of the data set, from 1.
    pub(crate) number: u32,
    /// The balance of the checking account.
    pub(crate) checking_account: CheckingAccount,
    /// How long the loan is to run, in months.
    pub(crate) duration_months: u32,
    /// How earlier credits went.
    pub(crate) credit_history: CreditHistory,
    /// What the loan is for.
    pub(crate) purpose: Purpose,
    /// The amount asked for, in Deutsche Mark.
    pub(crate) credit_amount: u32,
    /// Savings and bonds.
    pub(crate) savings: Savings,
    /// Time in the present employment.
    pub(crate) employment: Employment,
    /// The instalment in percent of disposable income.
    pub(crate) installment_rate: u32,
    /// Who else is liable.
    pub(crate) guarantors: Guarantors,
    /// The most valuable property named.
    pub(crate) property: Property,
    /// Age in years; looked at for legal age only.
    pub(crate) age_years: u32,
    /// Instalment plans with others.
    pub(crate) other_plans: OtherPlans,
    /// How the applicant lives.
    pub(crate) housing: Housing,
    /// Running credits at this bank, this one included.
    pub(crate) existing_credits: u32,
    /// The kind of job.
    pub(crate) job: Job,
    /// What became of the credit.
    pub(crate) creditability: Creditability,
}

impl Applicant {
    /// Whom the application is from: `applicant:A0001`.
    pub(crate) fn entity(&self) -> EntityRef {
        EntityRef::new("applicant", format!("A{:04}", self.number))
            .expect("a letter and digits are a name")
    }

    /// What is decided: `loan_application:10001`.
    pub(crate) fn application(&self) -> EntityRef {
        EntityRef::new(
            "loan_application",
            (FIRST_APPLICATION + self.number).to_string(),
        )
        .expect("digits are a name")
    }
}

/// Why the data could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplicantError {
    /// The file is not well-formed CSV, or a row has too few or too many fields.
    #[error("the applicants cannot be read as CSV")]
    Csv(#[from] csv::Error),
    /// The file has other columns than the data set.
    #[error(
        "column {position} of the applicants is `{found}`, expected `{expected}`; restore the original file"
    )]
    Column {
        position: usize,
        expected: &'static str,
        found: String,
    },
    /// A field does not hold what its column holds.
    #[error("row {row} of the applicants, column {column}: {problem}")]
    Field {
        row: u32,
        column: &'static str,
        problem: String,
    },
}

/// The 1,000 applicants, in the order of the data set.
///
/// # Errors
///
/// [`ApplicantError`] when the embedded file is not the data set, column for column and label for label.
pub(crate) fn applicants() -> Result<Vec<Applicant>, ApplicantError> {
    read(include_str!("../data/german_credit.csv"))
}

fn read(text: &str) -> Result<Vec<Applicant>, ApplicantError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    check_columns(reader.headers()?)?;
    (1..)
        .zip(reader.records())
        .map(|(number, fields)| {
            Row {
                number,
                fields: &fields?,
            }
            .applicant()
        })
        .collect()
}

fn check_columns(found: &StringRecord) -> Result<(), ApplicantError> {
    for position in 0..COLUMNS.len().max(found.len()) {
        let expected = COLUMNS
            .get(position)
            .copied()
            .unwrap_or("no further column");
        let found = found.get(position).unwrap_or("missing");
        if found != expected {
            let found = found.to_owned();
            return Err(ApplicantError::Column {
                position: position + 1,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// One row under the columns of [`COLUMNS`].
struct Row<'a> {
    number: u32,
    fields: &'a StringRecord,
}

impl Row<'_> {
    fn applicant(&self) -> Result<Applicant, ApplicantError> {
        Ok(Applicant {
            number: self.number,
            checking_account: self.category("status_of_existing_checking_account")?,
            duration_months: self.count("duration_in_month")?,
            credit_history: self.category("credit_history")?,
            purpose: self.category("purpose")?,
            credit_amount: self.count("credit_amount")?,
            savings: self.category("savings_account_and_bonds")?,
            employment: self.category("present_employment_since")?,
            installment_rate: self.count("installment_rate_in_percentage_of_disposable_income")?,
            guarantors: self.category("other_debtors_or_guarantors")?,
            property: self.category("property")?,
            age_years: self.count("age_in_years")?,
            other_plans: self.category("other_installment_plans")?,
            housing: self.category("housing")?,
            existing_credits: self.count("number_of_existing_credits_at_this_bank")?,
            job: self.category("job")?,
            creditability: self.category("creditability")?,
        })
    }

    fn category<C: Category>(&self, column: &'static str) -> Result<C, ApplicantError> {
        C::of_label(self.field(column)).map_err(|unknown| self.problem(column, unknown.to_string()))
    }

    fn count(&self, column: &'static str) -> Result<u32, ApplicantError> {
        let text = self.field(column);
        u32::from_str(text)
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| self.problem(column, format!("`{text}` is not a whole number above 0")))
    }

    fn field(&self, column: &str) -> &str {
        let position = COLUMNS.iter().position(|known| *known == column);
        position
            .and_then(|position| self.fields.get(position))
            .expect("the columns were checked, and the reader refuses rows of another length")
    }

    fn problem(&self, column: &'static str, problem: String) -> ApplicantError {
        ApplicantError::Field {
            row: self.number,
            column,
            problem,
        }
    }
}

/// The columns of the data set. Sex and marital status, telephone, dependants, residence and
/// foreign worker are there and not read.
const COLUMNS: [&str; 21] = [
    "status_of_existing_checking_account",
    "duration_in_month",
    "credit_history",
    "purpose",
    "credit_amount",
    "savings_account_and_bonds",
    "present_employment_since",
    "installment_rate_in_percentage_of_disposable_income",
    "personal_status_and_sex",
    "other_debtors_or_guarantors",
    "present_residence_since",
    "property",
    "age_in_years",
    "other_installment_plans",
    "housing",
    "number_of_existing_credits_at_this_bank",
    "job",
    "number_of_people_being_liable_to_provide_maintenance_for",
    "telephone",
    "foreign_worker",
    "creditability",
];
const FIRST_APPLICATION: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_thousand_rows_are_read() {
        let applicants = applicants().unwrap();
        let good = applicants
            .iter()
            .filter(|a| a.creditability == Creditability::Good)
            .count();
        assert_eq!((applicants.len(), good), (1_000, 700));
    }

    #[test]
    fn the_first_row_is_the_first_row_of_the_data_set() {
        let first = &applicants().unwrap()[0];
        assert_eq!(first.entity().to_string(), "applicant:A0001");
        assert_eq!(first.application().to_string(), "loan_application:10001");
        assert_eq!((first.credit_amount, first.duration_months), (1_169, 6));
        assert_eq!(first.checking_account, CheckingAccount::Below0);
        assert_eq!(first.purpose, Purpose::Television);
    }

    #[test]
    fn an_unknown_label_names_row_and_column() {
        let text =
            include_str!("../data/german_credit.csv").replacen("radio/television", "gambling", 1);
        let error = read(&text).unwrap_err().to_string();
        assert!(
            error.starts_with("row 1 of the applicants, column purpose: `gambling` is not"),
            "{error}"
        );
    }

    #[test]
    fn a_negative_amount_is_refused() {
        let text = include_str!("../data/german_credit.csv").replacen(",1169,", ",-1169,", 1);
        let error = read(&text).unwrap_err().to_string();
        assert!(
            error.contains("`-1169` is not a whole number above 0"),
            "{error}"
        );
    }

    #[test]
    fn another_column_is_refused() {
        let text = include_str!("../data/german_credit.csv").replacen("housing", "home", 1);
        assert!(matches!(
            read(&text),
            Err(ApplicantError::Column { position: 15, .. })
        ));
    }
}
