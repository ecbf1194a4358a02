//! The feature table: what the bank's systems know about an applicant, and as of when.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use contextrail::capture::{BoxError, FeatureAnswer, FeatureRequest, FeatureSource};
use contextrail::record::{
    EntityRef, FeatureOrigin, Name, Origin, QualityCheck, Timestamp, Version,
};
use serde_json::{Value, json};

use super::applicant::Applicant;
use super::category::{Category, Savings};

/// A named feature: what the table can be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeatureDefinition {
    /// Its name.
    pub(crate) name: &'static str,
    /// The version of its definition.
    pub(crate) version: &'static str,
    /// The system of record.
    pub(crate) system: &'static str,
    /// The age at which a value is too old to decide on.
    pub(crate) max_age: Duration,
    /// What it is for the given applicant; `None` where the source has no value.
    value: fn(&Applicant) -> Option<Value>,
}

/// One value of a feature, as the table holds it.
#[derive(Clone, Debug)]
pub(crate) struct FeatureValue {
    /// The feature.
    pub(crate) definition: &'static FeatureDefinition,
    /// The value; `None` where the source has none for this applicant.
    pub(crate) value: Option<Value>,
    /// How it was fetched.
    pub(crate) source: FeatureOrigin,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Quality checks made when it was loaded.
    pub(crate) quality: Vec<QualityCheck>,
    /// The time it describes.
    pub(crate) as_of: Timestamp,
}

/// The values of [`FEATURES`] for a number of applicants, as of times shortly before one moment.
///
/// Everything follows from the applicants and that moment: most values are fresh, some come from a
/// cache, some are older than their `max_age`, and savings are unknown for some applicants.
#[derive(Debug)]
pub(crate) struct FeatureTable(BTreeMap<EntityRef, Vec<FeatureValue>>);

impl FeatureTable {
    /// Loads the table as it stands at `now`.
    pub(crate) fn at(now: Timestamp, applicants: &[Applicant]) -> Self {
        let rows = applicants
            .iter()
            .map(|applicant| (applicant.entity(), values(applicant, now)));
        Self(rows.collect())
    }

    /// All values of an applicant, in the order of [`FEATURES`]; none for an applicant it does not know.
    pub(crate) fn of(&self, applicant: &EntityRef) -> &[FeatureValue] {
        self.0.get(applicant).map_or(&[], Vec::as_slice)
    }

    /// One value of an applicant; `None` when the table knows no such applicant or feature.
    pub(crate) fn value(&self, applicant: &EntityRef, feature: &str) -> Option<&FeatureValue> {
        self.of(applicant)
            .iter()
            .find(|value| value.definition.name == feature)
    }
}

#[async_trait]
impl FeatureSource for FeatureTable {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        let row = self.value(&request.entity, request.name.as_str());
        let Some(row) = row.cloned() else {
            let (feature, applicant) = (&request.name, &request.entity);
            return Err(format!("the table has no {feature} of {applicant}").into());
        };
        let definition = row.definition;
        Ok(FeatureAnswer {
            value: row.value,
            version: Some(Version::new(definition.version)?),
            as_of: Some(row.as_of),
            source: row.source,
            origin: Some(row.origin),
            transforms: vec![Name::new(format!(
                "load_{}@{}",
                definition.system, definition.version
            ))?],
            quality: row.quality,
        })
    }
}

fn values(applicant: &Applicant, now: Timestamp) -> Vec<FeatureValue> {
    (1..)
        .zip(&FEATURES)
        .map(|(column, definition)| loaded(applicant, column, definition, now))
        .collect()
}

fn loaded(
    applicant: &Applicant,
    column: u32,
    definition: &'static FeatureDefinition,
    now: Timestamp,
) -> FeatureValue {
    let draw = applicant
        .number
        .wrapping_mul(31)
        .wrapping_add(column.wrapping_mul(17));
    let (source, age) = match draw % 23 {
        // What the applicant wrote down is as old as the form, and read from it.
        spread if definition.system == FORM => {
            (FeatureOrigin::Compute, definition.max_age / 100 * spread)
        }
        0 => (FeatureOrigin::Cache, definition.max_age * 2),
        1 => (FeatureOrigin::Fallback, definition.max_age / 3),
        2..=7 => (FeatureOrigin::Cache, definition.max_age / 4),
        spread => (FeatureOrigin::Compute, definition.max_age / 100 * spread),
    };
    let value = (definition.value)(applicant);
    FeatureValue {
        quality: quality(value.as_ref()),
        value,
        source,
        origin: Origin {
            system: name(definition.system),
            dataset: Some(name(&format!(
                "{}@{}",
                definition.system, definition.version
            ))),
            record: Some(name(&applicant.entity().id.to_string())),
        },
        definition,
        as_of: now.saturating_sub(age),
    }
}

fn quality(value: Option<&Value>) -> Vec<QualityCheck> {
    let check = |check, passed| QualityCheck {
        check: name(check),
        result: name(if passed { "pass" } else { "fail" }),
    };
    let mut checks = vec![check("not_null", value.is_some())];
    if let Some(number) = value.and_then(Value::as_f64) {
        checks.push(check("above_zero", number > 0.0));
    }
    checks
}

fn name(text: &str) -> Name {
    Name::new(text).expect("the names of this table are short texts without U+0000")
}

/// The features, in the order they go into a context.
pub(crate) const FEATURES: [FeatureDefinition; 16] = [
    define("checking_account_status", "3", CORE, HOUR, |a| {
        Some(json!(a.checking_account.code()))
    }),
    define("credit_history", "5", BUREAU, DAY, |a| {
        Some(json!(a.credit_history.code()))
    }),
    define("savings", "2", CORE, DAY, |a| {
        (a.savings != Savings::Unknown).then(|| json!(a.savings.code()))
    }),
    define("employment_since", "2", FORM, MONTH, |a| {
        Some(json!(a.employment.code()))
    }),
    define("credit_amount", "1", FORM, MONTH, |a| {
        Some(json!(a.credit_amount))
    }),
    define("duration_months", "1", FORM, MONTH, |a| {
        Some(json!(a.duration_months))
    }),
    define("purpose", "1", FORM, MONTH, |a| {
        Some(json!(a.purpose.code()))
    }),
    define("installment_rate", "4", AFFORDABILITY, DAY, |a| {
        Some(json!(a.installment_rate))
    }),
    define(
        "monthly_installment_estimate",
        "2",
        AFFORDABILITY,
        DAY,
        |a| Some(json!(monthly_installment(a))),
    ),
    define("guarantors", "1", FORM, MONTH, |a| {
        Some(json!(a.guarantors.code()))
    }),
    define("other_installment_plans", "2", BUREAU, DAY, |a| {
        Some(json!(a.other_plans.code()))
    }),
    define("existing_credits", "1", CORE, DAY, |a| {
        Some(json!(a.existing_credits))
    }),
    define("property", "1", FORM, MONTH, |a| {
        Some(json!(a.property.code()))
    }),
    define("housing", "1", FORM, MONTH, |a| {
        Some(json!(a.housing.code()))
    }),
    define("job", "1", FORM, MONTH, |a| Some(json!(a.job.code()))),
    define("age_years", "1", FORM, MONTH, |a| Some(json!(a.age_years))),
];

const fn define(
    name: &'static str,
    version: &'static str,
    system: &'static str,
    max_age: Duration,
    value: fn(&Applicant) -> Option<Value>,
) -> FeatureDefinition {
    FeatureDefinition {
        name,
        version,
        system,
        max_age,
        value,
    }
}

/// What a level repayment with a flat 1 % of the amount as monthly cost comes to, in whole Deutsche Mark.
fn monthly_installment(applicant: &Applicant) -> u32 {
    applicant.credit_amount.div_ceil(applicant.duration_months) + applicant.credit_amount / 100
}

const CORE: &str = "core_banking";
const BUREAU: &str = "credit_bureau";
const FORM: &str = "application_form";
const AFFORDABILITY: &str = "affordability_engine";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

#[cfg(test)]
mod tests {
    use super::super::applicant::applicants;
    use super::*;

    fn table() -> (FeatureTable, Timestamp) {
        let now: Timestamp = "2026-11-22T18:42:30Z".parse().unwrap();
        (FeatureTable::at(now, &applicants().unwrap()), now)
    }

    fn is_stale(value: &FeatureValue, now: Timestamp) -> bool {
        let limit_ms = i64::try_from(value.definition.max_age.as_millis()).unwrap();
        now.millis_since(value.as_of) > limit_ms
    }

    #[test]
    fn the_first_twenty_have_fresh_stale_and_missing_values() {
        let (table, now) = table();
        let people = applicants().unwrap();
        let rows: Vec<_> = people[..20].iter().map(|a| table.of(&a.entity())).collect();
        assert!(rows.iter().all(|row| row.len() == FEATURES.len()));
        let degraded = rows
            .iter()
            .filter(|row| row.iter().any(|v| is_stale(v, now)))
            .count();
        let missing = rows
            .iter()
            .filter(|row| row.iter().any(|v| v.value.is_none()))
            .count();
        assert!((5..=15).contains(&degraded), "{degraded}");
        assert!((1..=10).contains(&missing), "{missing}");
    }

    #[test]
    fn no_value_describes_the_future() {
        let (table, now) = table();
        assert!(table.0.values().flatten().all(|value| value.as_of <= now));
    }

    #[test]
    fn the_estimate_repays_the_amount_within_the_term() {
        for applicant in applicants().unwrap() {
            assert!(
                monthly_installment(&applicant) * applicant.duration_months
                    >= applicant.credit_amount
            );
        }
    }

    #[test]
    fn a_value_is_found_by_applicant_and_name() {
        let (table, _) = table();
        let first = applicants().unwrap()[0].entity();
        assert_eq!(
            table.value(&first, "credit_amount").unwrap().value,
            Some(json!(1_169))
        );
        assert!(table.value(&first, "sex").is_none());
    }
}
