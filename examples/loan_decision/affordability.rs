//! The affordability calculator: what the loan costs month by month.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::applicant::Applicant;

/// What is asked of the calculator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    amount_dm: u32,
    months: u32,
}

impl Terms {
    /// The loan as it was applied for.
    pub(crate) const fn of(applicant: &Applicant) -> Self {
        Self {
            amount_dm: applicant.credit_amount,
            months: applicant.duration_months,
        }
    }

    /// The same as a tool call has it.
    pub(crate) fn arguments(self) -> Value {
        json!({
            "amount_dm": self.amount_dm,
            "months": self.months,
            "yearly_rate_percent": YEARLY_RATE_PERCENT,
        })
    }
}

/// The repayment of a loan in level instalments, in Deutsche Mark, rounded to the Pfennig.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Repayment {
    /// The instalment of each month.
    pub(crate) monthly_dm: f64,
    /// All instalments together.
    pub(crate) total_dm: f64,
    /// What of them is interest.
    pub(crate) interest_dm: f64,
}

impl fmt::Display for Repayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            monthly_dm,
            total_dm,
            interest_dm,
        } = self;
        write!(
            f,
            "{CALCULATOR}: {monthly_dm:.2} DM a month, {total_dm:.2} DM in all, {interest_dm:.2} DM of it interest"
        )
    }
}

/// Why the calculator gives no answer.
#[derive(Debug, thiserror::Error)]
#[error("a loan over {months} months cannot be repaid: the term is from 1 to {LONGEST_MONTHS}")]
pub(crate) struct TermsError {
    months: u32,
}

/// What repaying on `terms` comes to.
///
/// # Errors
///
/// [`TermsError`] for a term of no month or of more than fifty years.
pub(crate) fn repayment(terms: Terms) -> Result<Repayment, TermsError> {
    let Terms { amount_dm, months } = terms;
    let periods = i32::try_from(months)
        .ok()
        .filter(|months| (1..=LONGEST_MONTHS).contains(months))
        .ok_or(TermsError { months })?;
    let rate = YEARLY_RATE_PERCENT / 100.0 / 12.0;
    let monthly_dm = to_pfennig(f64::from(amount_dm) * rate / (1.0 - (1.0 + rate).powi(-periods)));
    let total_dm = to_pfennig(monthly_dm * f64::from(months));
    Ok(Repayment {
        monthly_dm,
        total_dm,
        interest_dm: to_pfennig(total_dm - f64::from(amount_dm)),
    })
}

fn to_pfennig(amount_dm: f64) -> f64 {
    (amount_dm * 100.0).round() / 100.0
}

/// The name of the calculator, as tool calls have it.
pub(crate) const CALCULATOR: &str = "affordability_calculator";
/// Its version.
pub(crate) const CALCULATOR_VERSION: &str = "2.0.1";

const YEARLY_RATE_PERCENT: f64 = 9.9;
const LONGEST_MONTHS: i32 = 600;

#[cfg(test)]
mod tests {
    use super::super::applicant::applicants;
    use super::*;

    #[test]
    fn level_instalments_repay_amount_and_interest() {
        let terms = Terms {
            amount_dm: 1_200,
            months: 12,
        };
        let expected = Repayment {
            monthly_dm: 105.44,
            total_dm: 1_265.28,
            interest_dm: 65.28,
        };
        assert_eq!(repayment(terms).unwrap(), expected);
    }

    #[test]
    fn every_loan_asked_for_can_be_calculated_and_costs_something() {
        for applicant in applicants().unwrap() {
            assert!(repayment(Terms::of(&applicant)).unwrap().interest_dm > 0.0);
        }
    }

    #[test]
    fn no_term_is_refused() {
        let terms = Terms {
            amount_dm: 1_200,
            months: 0,
        };
        assert!(repayment(terms).is_err());
    }
}
