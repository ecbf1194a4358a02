//! The categories of the data set, each with its label in the file and its code as a feature value.

use std::fmt;

/// A label that its column does not have.
#[derive(Debug, thiserror::Error)]
#[error("`{label}` is not one of its values; known are {known}")]
pub(crate) struct UnknownLabel {
    label: String,
    known: String,
}

/// A column of the data set whose values are labels from a closed list.
pub(crate) trait Category: Copy + fmt::Debug + 'static {
    /// Every value, with its label in the file and its code.
    const ALL: &'static [(Self, &'static str, &'static str)];

    /// The value whose label is `label`, to the letter.
    fn of_label(label: &str) -> Result<Self, UnknownLabel> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == label)
            .map(|(value, ..)| *value)
            .ok_or_else(|| UnknownLabel {
                label: label.to_owned(),
                known: Self::ALL
                    .iter()
                    .map(|(_, known, _)| format!("`{known}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// The code that stands for the value outside this program: `below_0_dm`.
    fn code(self) -> &'static str;
}

macro_rules! category {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $label:literal, $code:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum $name {
            $($variant,)+
        }

        impl Category for $name {
            const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $label, $code),)+];

            fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

category! {
    /// The balance of the checking account, in Deutsche Mark.
    CheckingAccount {
        None = "no checking account", "no_account";
        Below0 = "... < 0 DM", "below_0_dm";
        Below200 = "0 <= ... < 200 DM", "below_200_dm";
        From200 = "... >= 200 DM / salary assignments for at least 1 year", "from_200_dm";
    }
}
category! {
    /// How earlier credits went, as the data set has it.
    CreditHistory {
        NoneTaken = "no credits taken/ all credits paid back duly", "none_taken_or_all_repaid";
        AllRepaidHere = "all credits at this bank paid back duly", "all_repaid_here";
        RunningRepaidSoFar = "existing credits paid back duly till now", "running_repaid_so_far";
        PastDelay = "delay in paying off in the past", "past_delay";
        CreditsElsewhere = "critical account/ other credits existing (not at this bank)", "credits_elsewhere";
    }
}
category! {
    /// What the loan is for.
    Purpose {
        CarNew = "car (new)", "car_new";
        CarUsed = "car (used)", "car_used";
        Furniture = "furniture/equipment", "furniture";
        Television = "radio/television", "radio_television";
        Appliances = "domestic appliances", "domestic_appliances";
        Repairs = "repairs", "repairs";
        Education = "education", "education";
        Retraining = "retraining", "retraining";
        Business = "business", "business";
        Others = "others", "others";
    }
}
category! {
    /// Savings and bonds, in Deutsche Mark.
    Savings {
        Unknown = "unknown/ no savings account", "unknown";
        Below100 = "... < 100 DM", "below_100_dm";
        Below500 = "100 <= ... < 500 DM", "below_500_dm";
        Below1000 = "500 <= ... < 1000 DM", "below_1000_dm";
        From1000 = "... >= 1000 DM", "from_1000_dm";
    }
}
category! {
    /// Time in the present employment.
    Employment {
        Unemployed = "unemployed", "unemployed";
        Below1Year = "... < 1 year", "below_1_year";
        Below4Years = "1 <= ... < 4 years", "below_4_years";
        Below7Years = "4 <= ... < 7 years", "below_7_years";
        From7Years = "... >= 7 years", "from_7_years";
    }
}
category! {
    /// Who else is liable for the loan.
    Guarantors {
        None = "none", "none";
        CoApplicant = "co-applicant", "co_applicant";
        Guarantor = "guarantor", "guarantor";
    }
}
category! {
    /// The most valuable property named.
    Property {
        RealEstate = "real estate", "real_estate";
        Insurance = "building society savings agreement/ life insurance", "building_society_or_insurance";
        CarOrOther = "car or other, not in attribute Savings account/bonds", "car_or_other";
        Unknown = "unknown / no property", "unknown_or_none";
    }
}
category! {
    /// Instalment plans with others.
    OtherPlans {
        None = "none", "none";
        Bank = "bank", "bank";
        Stores = "stores", "stores";
    }
}
category! {
    /// How the applicant lives.
    Housing {
        Own = "own", "own";
        Rent = "rent", "rent";
        Free = "for free", "for_free";
    }
}
category! {
    /// The kind of job. The residence status that two of the labels carry is left out of the code.
    Job {
        Unskilled = "unskilled - resident", "unskilled";
        UnskilledOrNone = "unemployed/ unskilled - non-resident", "unskilled_or_none";
        Skilled = "skilled employee / official", "skilled";
        Qualified = "management/ self-employed/ highly qualified employee/ officer", "highly_qualified";
    }
}
category! {
    /// Whether the credit was paid back: what happened afterwards, and no rule may look at it.
    Creditability {
        Good = "good", "repaid";
        Bad = "bad", "defaulted";
    }
}
