//! Governance: artifacts and objectives as files, measured values, checks, lineage and impact.
//!
//! The registry of versions, and what holds a decision against it, is part of the
//! [`trail`](crate::trail); here is what is read out of the two.

mod chart;
mod check;
mod check_model;
mod check_trail;
mod compare;
mod diff;
mod error;
mod file;
mod graph;
mod impact;
mod lineage;
mod measured;
mod report;
#[cfg(feature = "cli")]
mod schema;
mod statistics;
mod threshold;
mod view;

pub use chart::{bars, terminal_bars};
pub use check::{CheckOptions, check_objective};
pub use check_model::check_model;
pub use check_trail::check_trail;
pub use compare::{Comparison, ComparisonGroup, compare};
pub use diff::{ArtifactChange, ArtifactDiff, diff};
pub use error::QueryError;
pub use file::{ArtifactFile, advise, read_artifact, read_deployment, read_kpi};
pub use graph::{Edge, Graph, GraphFormat, GraphNode, render};
pub use impact::{Affected, Impact, ImpactGroup, ImpactOptions, impact};
pub use lineage::{Direction, lineage};
pub use measured::{Asked, Sample, samples};
pub use report::{Report, ReportGroup, report};
#[cfg(feature = "cli")]
pub use schema::objective_schema;
pub use threshold::{ChangedDecision, ThresholdImpact, impact_of_change};
pub use view::{ApprovalView, ArtifactLine, ArtifactView};
