//! The scorecard: how many points each feature value adds or takes.

use serde_json::Value;

/// One line of the scorecard.
#[derive(Debug)]
pub(crate) struct Criterion {
    /// The feature looked at.
    pub(crate) feature: &'static str,
    /// The code of the reason when it takes points.
    pub(crate) code: &'static str,
    /// The reason when it takes points, as the applicant is told it.
    pub(crate) adverse: &'static str,
    /// Whether there is no ruling without a value.
    pub(crate) need: Need,
    scale: Scale,
}

/// Whether a ruling can do without a feature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// A person has to decide when it is missing.
    Required,
    /// It counts nothing when it is missing.
    Optional,
}

#[derive(Debug)]
enum Scale {
    /// Points by code.
    Codes(&'static [(&'static str, i32)]),
    /// Points by the first upper limit that a number does not exceed.
    UpTo(&'static [(u64, i32)]),
}

impl Criterion {
    /// The points for `value`; `None` for a value that the scorecard does not know.
    pub(crate) fn points(&self, value: &Value) -> Option<i32> {
        match self.scale {
            Scale::Codes(codes) => {
                let code = value.as_str()?;
                codes
                    .iter()
                    .find(|(known, _)| *known == code)
                    .map(|(_, points)| *points)
            }
            Scale::UpTo(limits) => {
                let number = value.as_u64()?;
                limits
                    .iter()
                    .find(|(limit, _)| number <= *limit)
                    .map(|(_, points)| *points)
            }
        }
    }
}

/// What everybody starts with.
pub(crate) const BASE_POINTS: i32 = 66;

/// The lines of the scorecard. Age, job, sex, marital status and residence are not on it.
///
/// The data set's labels of `credit_history` are known to be mixed up (`examples/data/README.md`); the
/// points follow what the applicants with each label did, not what the label says.
pub(crate) const SCORECARD: [Criterion; 12] = [
    Criterion {
        feature: "checking_account_status",
        code: "R10",
        adverse: "the checking account is overdrawn or its balance is low",
        need: Need::Required,
        scale: Scale::Codes(&[
            ("no_account", 16),
            ("below_0_dm", -12),
            ("below_200_dm", -5),
            ("from_200_dm", 4),
        ]),
    },
    Criterion {
        feature: "credit_history",
        code: "R11",
        adverse: "there is no record of credits served over time with several lenders",
        need: Need::Required,
        scale: Scale::Codes(&[
            ("none_taken_or_all_repaid", -10),
            ("all_repaid_here", -10),
            ("running_repaid_so_far", 0),
            ("past_delay", 2),
            ("credits_elsewhere", 9),
        ]),
    },
    Criterion {
        feature: "savings",
        code: "R12",
        adverse: "savings are low",
        need: Need::Optional,
        scale: Scale::Codes(&[
            ("below_100_dm", -4),
            ("below_500_dm", -2),
            ("below_1000_dm", 4),
            ("from_1000_dm", 8),
        ]),
    },
    Criterion {
        feature: "employment_since",
        code: "R13",
        adverse: "the present employment is recent, or there is none",
        need: Need::Optional,
        scale: Scale::Codes(&[
            ("unemployed", -4),
            ("below_1_year", -4),
            ("below_4_years", -1),
            ("below_7_years", 5),
            ("from_7_years", 2),
        ]),
    },
    Criterion {
        feature: "guarantors",
        code: "R14",
        adverse: "a co-applicant shares the loan without adding security",
        need: Need::Optional,
        scale: Scale::Codes(&[("none", 0), ("co_applicant", -4), ("guarantor", 8)]),
    },
    Criterion {
        feature: "other_installment_plans",
        code: "R15",
        adverse: "other instalment plans are running",
        need: Need::Optional,
        scale: Scale::Codes(&[("none", 2), ("bank", -5), ("stores", -5)]),
    },
    Criterion {
        feature: "housing",
        code: "R16",
        adverse: "rent or an arrangement without ownership leaves less security",
        need: Need::Optional,
        scale: Scale::Codes(&[("own", 2), ("rent", -3), ("for_free", -2)]),
    },
    Criterion {
        feature: "property",
        code: "R17",
        adverse: "no property that could serve as collateral is known",
        need: Need::Optional,
        scale: Scale::Codes(&[
            ("real_estate", 2),
            ("building_society_or_insurance", -1),
            ("car_or_other", 0),
            ("unknown_or_none", -5),
        ]),
    },
    Criterion {
        feature: "purpose",
        code: "R18",
        adverse: "loans for this purpose are paid back less often",
        need: Need::Optional,
        scale: Scale::Codes(&[
            ("car_new", -6),
            ("car_used", 8),
            ("furniture", 0),
            ("radio_television", 0),
            ("domestic_appliances", 0),
            ("repairs", 0),
            ("education", -6),
            ("retraining", 0),
            ("business", 0),
            ("others", 0),
        ]),
    },
    Criterion {
        feature: "duration_months",
        code: "R19",
        adverse: "the loan would run for a long time",
        need: Need::Required,
        scale: Scale::UpTo(&[(12, 6), (24, 0), (36, -7), (u64::MAX, -13)]),
    },
    Criterion {
        feature: "credit_amount",
        code: "R20",
        adverse: "the amount is high",
        need: Need::Required,
        scale: Scale::UpTo(&[(4_000, 0), (8_000, -2), (u64::MAX, -9)]),
    },
    Criterion {
        feature: "installment_rate",
        code: "R21",
        adverse: "the instalment would take a large part of the disposable income",
        need: Need::Required,
        scale: Scale::UpTo(&[(1, 5), (2, 2), (3, -1), (u64::MAX, -5)]),
    },
];
