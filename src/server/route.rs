//! The routes: one table, which dispatch, access, metrics and the OpenAPI document are made from.

use super::permission::Permission;

/// What a route does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Op {
    RecordContext,
    AssembleContext,
    RecordDecision,
    RecordGeneration,
    RecordReview,
    RecordOutcome,
    ListContexts,
    ListDecisions,
    ListGenerations,
    ListReviews,
    ListOutcomes,
    ShowContext,
    ShowDecision,
    ShowGeneration,
    ShowReview,
    ShowOutcome,
    ContextText,
    ContextDiff,
    EntityHistory,
    Used,
    Search,
    Evidence,
    Checkpoint,
    Tile,
    Erase,
    Export,
    PlaceHold,
    ListHolds,
    LiftHold,
    GrantToken,
    ListTokens,
    RevokeToken,
    RegisterArtifact,
    ListArtifacts,
    ArtifactInForce,
    ArtifactDiff,
    ShowArtifact,
    ShowArtifactVersion,
    ApproveArtifact,
    RetireArtifact,
    RecordDeployment,
    ListDeployments,
    RecordKpi,
    KpiReport,
    KpiCompare,
    MakeCheck,
    ListChecks,
    ShowCheck,
    PlaceFreeze,
    ListFreezes,
    LiftFreeze,
    Lineage,
    Impact,
    ImpactOfChange,
    Alive,
    Ready,
    Metrics,
    OpenApi,
    Page,
}

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    /// `{name}` is one segment or the part of one, `{+name}` all that is left.
    pub(super) path: &'static str,
    pub(super) op: Op,
    pub(super) needs: Permission,
    /// The parameters it takes.
    pub(super) query: &'static [&'static str],
    pub(super) summary: &'static str,
}

impl Route {
    /// How it is named in metrics, logs and records of access.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it takes a body.
    pub(super) const fn takes_body(&self) -> bool {
        matches!(
            self.op,
            Op::RecordContext
                | Op::AssembleContext
                | Op::RecordDecision
                | Op::RecordGeneration
                | Op::RecordReview
                | Op::RecordOutcome
                | Op::Erase
                | Op::PlaceHold
                | Op::LiftHold
                | Op::GrantToken
                | Op::Search
                | Op::RegisterArtifact
                | Op::ApproveArtifact
                | Op::RetireArtifact
                | Op::RecordDeployment
                | Op::RecordKpi
                | Op::MakeCheck
                | Op::PlaceFreeze
                | Op::LiftFreeze
        )
    }

    /// Whether it may be sent with an `Idempotency-Key`.
    pub(super) const fn is_repeatable(&self) -> bool {
        matches!(
            self.op,
            Op::RecordContext
                | Op::AssembleContext
                | Op::RecordDecision
                | Op::RecordGeneration
                | Op::RecordReview
                | Op::RecordOutcome
                | Op::RegisterArtifact
                | Op::RecordDeployment
                | Op::RecordKpi
        )
    }

    /// Whether it cannot do without this parameter.
    pub(super) fn requires(&self, name: &str) -> bool {
        match self.op {
            Op::Used | Op::Impact => name == "ref",
            Op::Lineage => matches!(name, "ref" | "direction"),
            Op::ArtifactDiff => matches!(name, "from" | "to"),
            Op::KpiCompare | Op::ImpactOfChange => matches!(name, "artifact" | "from" | "to"),
            _ => false,
        }
    }
}

/// What was found for a method and a path.
pub(super) enum Found {
    Route(&'static Route, Vec<(&'static str, String)>),
    /// The path is there, and takes these methods.
    OtherMethod(Vec<&'static str>),
    Nothing,
}

/// Finds the route of a request.
pub(super) fn find(method: &str, path: &str) -> Found {
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(params) = fit(route.path, path) else {
            continue;
        };
        if route.method == method || (method == "HEAD" && route.method == "GET") {
            return Found::Route(route, params);
        }
        allowed.push(route.method);
    }
    if allowed.is_empty() {
        Found::Nothing
    } else {
        Found::OtherMethod(allowed)
    }
}

/// The parameters of `path`, if it is one of `template`.
fn fit(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for part in template.split('/') {
        let Some((before, rest)) = part.split_once('{') else {
            if segments.next() != Some(part) {
                return None;
            }
            continue;
        };
        let (name, after) = rest.split_once('}')?;
        if let Some(name) = name.strip_prefix('+') {
            let left: Vec<&str> = segments.collect();
            params.push((name, decoded(&left.join("/"), false)?));
            return (!left.is_empty()).then_some(params);
        }
        let segment = segments.next()?;
        let value = segment.strip_prefix(before)?.strip_suffix(after)?;
        if value.is_empty() {
            return None;
        }
        params.push((name, decoded(value, false)?));
    }
    segments.next().is_none().then_some(params)
}

/// `text` without its percent-encoding; `None` when that is broken, or it is not UTF-8.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                if !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
                    return None;
                }
                u8::from_str_radix(digits, 16).ok()?
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

const fn route(
    method: &'static str,
    path: &'static str,
    op: Op,
    needs: Permission,
    query: &'static [&'static str],
    summary: &'static str,
) -> Route {
    Route {
        method,
        path,
        op,
        needs,
        query,
        summary,
    }
}

const WINDOW: &[&str] = &["limit", "after"];
const CONTEXTS: &[&str] = &[
    "entity",
    "decision",
    "name",
    "status",
    "used",
    "freshness",
    "environment",
    "since",
    "until",
    "limit",
    "after",
];
const REPORT: &[&str] = &["by", "where", "since", "until"];
const COMPARE: &[&str] = &["artifact", "from", "to", "by", "where", "since", "until"];
const DECISIONS: &[&str] = &["subject", "since", "until", "limit", "after"];

use Permission as P;

/// Every route. Of two that fit a path the first is meant.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/v1/contexts:assemble", Op::AssembleContext, P::Record, &[], "Assemble a context from a request, and record it"),
    route("POST", "/v1/contexts", Op::RecordContext, P::Record, &[], "Record a finished context, or a list of them"),
    route("GET", "/v1/contexts", Op::ListContexts, P::Read, CONTEXTS, "Find contexts, newest first"),
    route("GET", "/v1/contexts/{id}", Op::ShowContext, P::Read, &[], "One context"),
    route("GET", "/v1/contexts/{id}/text", Op::ContextText, P::Personal, &[], "The text of a context as it was sent, byte for byte"),
    route("GET", "/v1/contexts/{id}/diff/{other}", Op::ContextDiff, P::Read, &[], "What differs between two contexts"),
    route("POST", "/v1/decisions", Op::RecordDecision, P::Record, &[], "Record a decision, or a list of them"),
    route("GET", "/v1/decisions", Op::ListDecisions, P::Read, DECISIONS, "Find decisions, newest first"),
    route("GET", "/v1/decisions/{id}", Op::ShowDecision, P::Read, &[], "One decision, with its generations, reviews and outcomes"),
    route("POST", "/v1/generations", Op::RecordGeneration, P::Record, &[], "Record what a model answered, or a list of answers"),
    route("GET", "/v1/generations", Op::ListGenerations, P::Read, WINDOW, "Generations, newest first"),
    route("GET", "/v1/generations/{id}", Op::ShowGeneration, P::Read, &[], "One generation"),
    route("POST", "/v1/reviews", Op::RecordReview, P::Review, &[], "Record a review, or a list of them"),
    route("GET", "/v1/reviews", Op::ListReviews, P::Read, WINDOW, "Reviews, newest first"),
    route("GET", "/v1/reviews/{id}", Op::ShowReview, P::Read, &[], "One review"),
    route("POST", "/v1/outcomes", Op::RecordOutcome, P::Record, &[], "Record what happened after a decision, or a list of that"),
    route("GET", "/v1/outcomes", Op::ListOutcomes, P::Read, WINDOW, "Outcome events, newest first"),
    route("GET", "/v1/outcomes/{id}", Op::ShowOutcome, P::Read, &[], "One outcome event"),
    route("GET", "/v1/entities/{type}/{id}/history", Op::EntityHistory, P::Search, &["limit", "after"], "Everything about an entity, as it was recorded, oldest first"),
    route("GET", "/v1/used", Op::Used, P::Read, &["ref", "limit", "after"], "The contexts and decisions that used something"),
    route("POST", "/v1/records:search", Op::Search, P::Personal, &[], "Records whole, with their texts and seeds, as clients of this library read them"),
    route("GET", "/v1/evidence/decision/{id}.zip", Op::Evidence, P::Evidence, &["absent"], "The evidence bundle of a decision"),
    route("GET", "/v1/log/checkpoint", Op::Checkpoint, P::Log, &[], "The newest signed checkpoint of the log"),
    route("GET", "/v1/log/tile/{+tile}", Op::Tile, P::Log, &[], "A tile of the log, or a bundle of its entries (C2SP tlog-tiles)"),
    route("POST", "/v1/subjects/{type}/{id}:erase", Op::Erase, P::Erase, &[], "Erase a person; two people ask for it"),
    route("POST", "/v1/subjects/{type}/{id}:export", Op::Export, P::Export, &[], "Everything recorded about a person, for that person"),
    route("POST", "/v1/holds", Op::PlaceHold, P::PlaceHold, &[], "Place a legal hold"),
    route("GET", "/v1/holds", Op::ListHolds, P::SeeHolds, &[], "The open legal holds, oldest first"),
    route("DELETE", "/v1/holds/{id}", Op::LiftHold, P::LiftHold, &[], "Lift a legal hold; two people ask for it"),
    route("POST", "/v1/tokens", Op::GrantToken, P::Tokens, &[], "Grant a token, which is shown once"),
    route("GET", "/v1/tokens", Op::ListTokens, P::Tokens, &[], "The tokens that were granted, oldest first"),
    route("DELETE", "/v1/tokens/{id}", Op::RevokeToken, P::Tokens, &[], "Revoke a token"),
    route("POST", "/v1/artifacts", Op::RegisterArtifact, P::Register, &[], "Register a version of an artifact, or a list of them"),
    route("GET", "/v1/artifacts", Op::ListArtifacts, P::Read, &["kind", "limit", "after"], "The registered versions, by artifact and in their order, and how they stand"),
    route("GET", "/v1/artifacts/{kind}/{name}:in-force", Op::ArtifactInForce, P::Read, &["at"], "The version that is or was in force"),
    route("GET", "/v1/artifacts/{kind}/{name}:diff", Op::ArtifactDiff, P::Read, &["from", "to"], "What is different between two versions, by what it means"),
    route("GET", "/v1/artifacts/{kind}/{name}", Op::ShowArtifact, P::Read, &["at"], "The version in force, or else the latest: what it says, and who approved it"),
    route("GET", "/v1/artifacts/{kind}/{name}/{version}", Op::ShowArtifactVersion, P::Read, &["at"], "One version: what it says, how it stands, and who approved it"),
    route("POST", "/v1/artifacts/{kind}/{name}/{version}:approve", Op::ApproveArtifact, P::Approve, &[], "Approve a version, as the holder of the token and in its role"),
    route("POST", "/v1/artifacts/{kind}/{name}/{version}:retire", Op::RetireArtifact, P::Retire, &[], "Retire a version"),
    route("POST", "/v1/deployments", Op::RecordDeployment, P::Register, &[], "Record what runs where from when on, or a list of that"),
    route("GET", "/v1/deployments", Op::ListDeployments, P::Read, &["environment", "at", "limit", "after"], "What was ever deployed, newest first; or what was at a time"),
    route("POST", "/v1/kpis", Op::RecordKpi, P::Record, &[], "Record a measured value, or a list of them"),
    route("GET", "/v1/kpis/{metric}/report", Op::KpiReport, P::Read, REPORT, "What was measured of a metric, part by part"),
    route("GET", "/v1/kpis/{metric}/compare", Op::KpiCompare, P::Read, COMPARE, "A metric under two versions of an artifact, with the 95 % interval of the difference"),
    route("POST", "/v1/checks", Op::MakeCheck, P::Check, &[], "Check an objective, a model or the trail, and record what was found"),
    route("GET", "/v1/checks", Op::ListChecks, P::Read, WINDOW, "Checks, newest first"),
    route("GET", "/v1/checks/{id}", Op::ShowCheck, P::Read, &[], "One check"),
    route("POST", "/v1/freezes", Op::PlaceFreeze, P::Freeze, &[], "Freeze: no check passes until it is lifted"),
    route("GET", "/v1/freezes", Op::ListFreezes, P::Read, &[], "The freezes that are not lifted, oldest first"),
    route("DELETE", "/v1/freezes/{id}", Op::LiftFreeze, P::Freeze, &[], "Lift a freeze, in the role of the token"),
    route("GET", "/v1/lineage", Op::Lineage, P::Read, &["ref", "direction", "depth", "limit"], "What something comes from, or what comes of it"),
    route("GET", "/v1/impact", Op::Impact, P::Read, &["ref", "since", "by", "limit"], "The versions made with a version, and the decisions"),
    route("GET", "/v1/impact/change", Op::ImpactOfChange, P::Read, &["artifact", "from", "to", "limit"], "The decisions under two versions of an objective that would come out differently"),
    route("GET", "/healthz", Op::Alive, P::Nothing, &[], "Whether the process answers"),
    route("GET", "/readyz", Op::Ready, P::Nothing, &[], "Whether records can be written"),
    route("GET", "/metrics", Op::Metrics, P::Nothing, &[], "Metrics, in the text format of Prometheus"),
    route("GET", "/openapi.json", Op::OpenApi, P::Nothing, &[], "This interface as an OpenAPI document"),
    route("GET", "/", Op::Page, P::Nothing, &[], "This interface as a page"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_as_its_template_says() {
        let Found::Route(route, params) = find("POST", "/v1/subjects/applicant/a%3Ab%2Fc:erase")
        else {
            panic!("it is a route");
        };
        assert_eq!(route.op, Op::Erase);
        assert_eq!(
            params,
            [("type", "applicant".into()), ("id", "a:b/c".into())]
        );
        let Found::Route(route, params) = find("GET", "/v1/log/tile/0/x001/000.p/3") else {
            panic!("it is a route");
        };
        assert_eq!((route.op, &*params[0].1), (Op::Tile, "0/x001/000.p/3"));
        assert!(
            matches!(find("PUT", "/v1/contexts"), Found::OtherMethod(allowed) if allowed == ["POST", "GET"])
        );
        for nothing in [
            "/v1",
            "/v1/contexts/",
            "/v1/contexts/%zz",
            "/v1/evidence/decision/.zip",
            "//",
        ] {
            assert!(matches!(find("GET", nothing), Found::Nothing), "{nothing}");
        }
    }

    #[test]
    fn every_route_is_found_by_its_own_template() {
        for route in ROUTES {
            let path = route.path.replace("{+", "{");
            let Found::Route(found, _) = find(route.method, &path) else {
                panic!("{} is no route", route.name());
            };
            assert_eq!(found.op, route.op, "{}", route.name());
        }
    }
}
