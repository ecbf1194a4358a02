//! Measured values: those that were logged, and those that recorded decisions hold by themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::record::{
    Body, Decision, DecisionId, Governing, Kind, Kpi, Measure, Name, ReviewVerdict, Timestamp,
};
use crate::trail::{Pages, Search, Trail, TrailError};

/// One value of a metric.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What was measured.
    pub value: Measure,
    /// Over how many values.
    pub count: u64,
    /// Of which part.
    pub slices: BTreeMap<String, String>,
    /// With which versions, by role.
    pub versions: BTreeMap<String, Governing>,
    /// When.
    pub at: Timestamp,
    /// Of which decision.
    pub decision: Option<DecisionId>,
}

/// Which values are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// The slices that they have to have.
    pub r#where: BTreeMap<String, String>,
}

impl Asked {
    /// What is asked for, in words that stand behind a metric.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(since) = self.since {
            words.push_str(&format!(" since {since}"));
        }
        if let Some(until) = self.until {
            words.push_str(&format!(" until {until}"));
        }
        for (slice, value) in &self.r#where {
            words.push_str(&format!(" where {slice}={value}"));
        }
        words
    }

    fn fits(&self, sample: &Sample) -> bool {
        let mut wanted = self.r#where.iter();
        wanted.all(|(slice, value)| sample.slices.get(slice) == Some(value))
    }
}

/// Metrics that decisions hold without anybody logging them.
const COMPUTED: [&str; 4] = ["approval_rate", "override_rate", "latency_ms", "cost"];
const APPROVED: [&str; 3] = ["approved", "approve", "accepted"];

/// The values of `metric`, in no order: those that were logged under it, and of the metrics
/// `approval_rate`, `override_rate`, `latency_ms`, `cost`, and those that decisions were recorded with,
/// what the decisions say. A decision of which the metric was logged counts once.
///
/// # Errors
///
/// [`TrailError::Store`] when the store cannot be read or a record is damaged.
pub async fn samples(
    trail: &Trail,
    metric: &Name,
    asked: &Asked,
) -> Result<Vec<Sample>, TrailError> {
    samples_in(trail, metric, asked, Slices::Asked).await
}

/// Whether anybody asks of which part the values were measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Slices {
    /// They are known in full.
    Asked,
    /// They are left as they are found: what says to which groups somebody belongs stays closed.
    NotAsked,
}

impl Slices {
    pub(super) fn of(by: &[Name], asked: &Asked) -> Self {
        if by.is_empty() && asked.r#where.is_empty() {
            Self::NotAsked
        } else {
            Self::Asked
        }
    }
}

/// The same, with slices as far as they are asked for.
pub(super) async fn samples_in(
    trail: &Trail,
    metric: &Name,
    asked: &Asked,
    known: Slices,
) -> Result<Vec<Sample>, TrailError> {
    let mut pages = trail.measured(metric, asked.since, asked.until).await?;
    if known == Slices::NotAsked {
        pages = pages.plain();
    }
    let logged = kpis(pages).await?;
    let mut samples: Vec<Sample> = logged.into_iter().map(of_kpi).collect();
    let of_decisions: HashSet<DecisionId> = samples.iter().filter_map(|it| it.decision).collect();
    // A metric that was logged and that no decision computes needs no look at the decisions.
    if COMPUTED.contains(&metric.as_str()) || samples.is_empty() {
        let slices = match known {
            Slices::Asked => slices_of_decisions(trail).await?,
            Slices::NotAsked => HashMap::new(),
        };
        let reader = Reader::of(trail, metric.as_str()).await?;
        let search = Search {
            kind: Some(Kind::Decision),
            since: asked.since,
            until: asked.until,
            ..Search::default()
        };
        let mut pages = trail.search(search).await?;
        while let Some(page) = pages.next().await? {
            for stored in page {
                let id = stored.id().into();
                let Some(decision) = stored.decision() else {
                    continue;
                };
                if of_decisions.contains(&id) {
                    continue;
                }
                if let Some(value) = reader.value(id, decision).await? {
                    samples.push(Sample {
                        value,
                        count: 1,
                        slices: own_slices(decision, slices.get(&id)),
                        versions: decision.governed_by.clone(),
                        at: decision.decided_at,
                        decision: Some(id),
                    });
                }
            }
        }
    }
    samples.retain(|it| asked.fits(it));
    Ok(samples)
}

fn of_kpi(kpi: Kpi) -> Sample {
    Sample {
        value: kpi.value,
        count: kpi.count.unwrap_or(1),
        slices: kpi.slices,
        versions: kpi.versions,
        at: kpi.at,
        decision: kpi.decision,
    }
}

async fn kpis(mut pages: Pages) -> Result<Vec<Kpi>, TrailError> {
    let mut found = Vec::new();
    while let Some(page) = pages.next().await? {
        for stored in page {
            if let Body::Kpi(kpi) = &stored.record().body {
                found.push(Kpi::clone(kpi));
            }
        }
    }
    Ok(found)
}

/// To which groups each decision belongs, as the values that were logged of it say.
pub(super) async fn slices_of_decisions(
    trail: &Trail,
) -> Result<HashMap<DecisionId, BTreeMap<String, String>>, TrailError> {
    let search = Search {
        kind: Some(Kind::Kpi),
        ..Search::default()
    };
    let mut slices: HashMap<DecisionId, BTreeMap<String, String>> = HashMap::new();
    for kpi in kpis(trail.search(search).await?).await? {
        if let Some(id) = kpi.decision {
            slices.entry(id).or_default().extend(kpi.slices);
        }
    }
    Ok(slices)
}

/// What reads a metric out of decisions.
struct Reader<'a> {
    trail: &'a Trail,
    metric: &'a str,
    /// The decisions that a person overrode, where that is what is asked for.
    overridden: HashSet<DecisionId>,
}

impl<'a> Reader<'a> {
    async fn of(trail: &'a Trail, metric: &'a str) -> Result<Self, TrailError> {
        let mut overridden = HashSet::new();
        if metric == "override_rate" {
            let search = Search {
                kind: Some(Kind::Review),
                ..Search::default()
            };
            let mut pages = trail.search(search).await?.plain();
            while let Some(page) = pages.next().await? {
                for stored in page {
                    if let Body::Review(review) = &stored.record().body
                        && review.verdict == ReviewVerdict::Override
                    {
                        overridden.insert(review.decision);
                    }
                }
            }
        }
        Ok(Self {
            trail,
            metric,
            overridden,
        })
    }

    /// What a decision says of the metric.
    async fn value(
        &self,
        id: DecisionId,
        decision: &Decision,
    ) -> Result<Option<Measure>, TrailError> {
        if let Some(value) = decision.kpis.get(self.metric) {
            return Ok(Some(Measure::Number(*value)));
        }
        Ok(match self.metric {
            // An override is a new decision: the rates are of those that were decided first.
            "approval_rate" if decision.supersedes.is_none() => Some(Measure::Boolean(
                APPROVED.contains(&decision.outcome.as_str()),
            )),
            "override_rate" if decision.supersedes.is_none() => {
                Some(Measure::Boolean(self.overridden.contains(&id)))
            }
            "latency_ms" | "cost" => self.of_generations(decision).await?,
            _ => None,
        })
    }

    /// The sum over the answers that a decision rests on, as far as they say.
    async fn of_generations(&self, decision: &Decision) -> Result<Option<Measure>, TrailError> {
        let mut sum = None;
        for generation in &decision.generations {
            let stored = self.trail.read(*generation).await?;
            let Some(Body::Generation(it)) = stored.as_ref().map(|it| &it.record().body) else {
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "microseconds of one answer")]
            let part = match self.metric {
                "latency_ms" => it.latency_us.map(|it| it as f64 / 1_000.0),
                _ => it
                    .cost
                    .as_ref()
                    .and_then(|it| it.amount.as_str().parse().ok()),
            };
            sum = part.map(|part: f64| part + sum.unwrap_or(0.0)).or(sum);
        }
        Ok(sum.map(Measure::Number))
    }
}

/// What a decision can be taken apart by.
pub(super) fn own_slices(
    decision: &Decision,
    known: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut slices = known.cloned().unwrap_or_default();
    slices.insert("outcome".to_owned(), decision.outcome.to_string());
    if let Some(use_case) = &decision.use_case {
        slices.insert("use_case".to_owned(), use_case.to_string());
    }
    if let Some(tier) = decision.risk_tier {
        slices.insert("risk_tier".to_owned(), tier.as_str().to_owned());
    }
    for (role, governing) in &decision.governed_by {
        if let [version] = governing.versions() {
            slices.insert(role.clone(), version.to_string());
        }
    }
    slices
}
