//! What can go wrong when measured values, lineage and impact are asked for.

use crate::record::Name;
use crate::trail::{GovernError, TrailError};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The trail cannot be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// Nothing was measured in the time asked for.
    #[error("nothing was measured of {metric}{within}: see `contextrail kpi log`")]
    EmptyWindow {
        /// The metric.
        metric: Name,
        /// The time and the parts asked for, in words.
        within: String,
    },
    /// A version was not measured at all.
    #[error("nothing was measured of {metric} with {version}")]
    NotMeasuredWith {
        /// The metric.
        metric: Name,
        /// The version.
        version: String,
    },
    /// What is asked for is not of the kind it has to be.
    #[error("{reference} is no {expected}")]
    WrongKind {
        /// What was asked for.
        reference: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// The versions have no operating threshold that both state.
    #[error("{from} and {to} have no parameter in common that differs: nothing changes with it")]
    SameThreshold {
        /// The one version.
        from: String,
        /// The other.
        to: String,
    },
    /// Content that is not what its kind says.
    #[error("the content of {reference} cannot be read: {what}")]
    Content {
        /// The version.
        reference: String,
        /// What is wrong.
        what: String,
    },
}

impl From<GovernError> for QueryError {
    fn from(error: GovernError) -> Self {
        Self::Trail(error.into())
    }
}
