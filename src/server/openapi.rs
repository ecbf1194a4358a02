//! This interface as an OpenAPI document, and as a page: both are made from the table of routes.

use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref,
    RefOr, Required, ResponseBuilder,
};

use super::parameter;
use super::permission::Permission;
use super::route::{Op, ROUTES, Route};

/// The document.
pub(super) fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        let path = route.path.replace("{+", "{");
        paths = paths.path(path, PathItem::new(method(route), operation(route)));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let bearer = SecurityScheme::Http(bearer.description(Some("ctr_…")).build());
    let mut components = ComponentsBuilder::new().security_scheme("token", bearer);
    for (name, schema) in schemas() {
        components = components.schema(name, schema);
    }
    let info = InfoBuilder::new()
        .title("Contextrail")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Answers, with proof, what an AI knew when it made a decision. The members of records are \
             described in docs/format.md; members that are not known are refused.",
        ));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

fn method(route: &Route) -> HttpMethod {
    match route.method {
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route) -> utoipa::openapi::path::Operation {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.summary))
        .operation_id(Some(format!("{:?}", route.op)))
        .response(
            success(route).to_string(),
            ResponseBuilder::new().description("Done").content(
                media(route),
                ContentBuilder::new().schema(Some(answer(route))).build(),
            ),
        )
        .response(
            "default",
            ResponseBuilder::new()
                .description("A problem (RFC 9457)")
                .content(
                    "application/problem+json",
                    ContentBuilder::new()
                        .schema(Some(reference("Problem")))
                        .build(),
                ),
        );
    for name in names(route.path) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(parameter::schema(route, name))),
        );
    }
    for name in route.query {
        let required = if route.requires(name) {
            Required::True
        } else {
            Required::False
        };
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(required)
                .schema(Some(parameter::schema(route, name))),
        );
    }
    for name in headers(route) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .schema(Some(string())),
        );
    }
    if let Some(schema) = body(route) {
        let content = ContentBuilder::new()
            .schema(Some(schema))
            .example(parameter::example(route))
            .build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(Required::True))
                .build(),
        ));
    }
    if route.needs != Permission::Nothing {
        let roles: Vec<&str> = route.needs.roles().iter().map(|it| it.as_str()).collect();
        operation = operation
            .description(Some(format!("Roles: {}.", roles.join(", "))))
            .security(SecurityRequirement::new("token", Vec::<String>::new()));
    }
    operation.build()
}

/// The headers that mean something to a route.
fn headers(route: &Route) -> Vec<&'static str> {
    let mut names = Vec::new();
    if route.is_repeatable() {
        names.push("Idempotency-Key");
    }
    if matches!(
        route.needs,
        Permission::Read
            | Permission::Personal
            | Permission::Search
            | Permission::Evidence
            | Permission::Export
    ) {
        names.push("Contextrail-Purpose");
    }
    if matches!(route.op, Op::Erase | Op::LiftHold | Op::GrantToken) {
        names.push("Contextrail-Approval");
    }
    names
}

/// The parameters in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| Some(part.split_once('}')?.0.trim_start_matches('+')))
}

/// The status of what is done.
pub(super) const fn success(route: &Route) -> u16 {
    match route.op {
        Op::RecordContext
        | Op::AssembleContext
        | Op::RecordDecision
        | Op::RecordGeneration
        | Op::RecordReview
        | Op::RecordOutcome
        | Op::PlaceHold
        | Op::LiftHold
        | Op::GrantToken
        | Op::RegisterArtifact
        | Op::ApproveArtifact
        | Op::RetireArtifact
        | Op::RecordDeployment
        | Op::RecordKpi
        | Op::MakeCheck
        | Op::PlaceFreeze
        | Op::LiftFreeze => 201,
        _ => 200,
    }
}

const fn media(route: &Route) -> &'static str {
    match route.op {
        Op::ContextText | Op::Checkpoint | Op::Metrics => "text/plain",
        Op::Tile => "application/octet-stream",
        Op::Evidence => "application/zip",
        Op::Page => "text/html",
        _ => "application/json",
    }
}

fn answer(route: &Route) -> RefOr<Schema> {
    match route.op {
        Op::RecordContext
        | Op::RecordDecision
        | Op::RecordGeneration
        | Op::RecordReview
        | Op::RecordOutcome
        | Op::RegisterArtifact
        | Op::RecordDeployment
        | Op::RecordKpi => OneOfBuilder::new()
            .item(reference("Record"))
            .item(ArrayBuilder::new().items(reference("Receipt")))
            .into(),
        Op::AssembleContext
        | Op::ShowContext
        | Op::ShowDecision
        | Op::ShowGeneration
        | Op::ShowReview
        | Op::ShowOutcome
        | Op::PlaceHold
        | Op::LiftHold
        | Op::ApproveArtifact
        | Op::RetireArtifact
        | Op::MakeCheck
        | Op::ShowCheck
        | Op::PlaceFreeze
        | Op::LiftFreeze => reference("Record"),
        Op::ListContexts
        | Op::ListDecisions
        | Op::ListGenerations
        | Op::ListReviews
        | Op::ListOutcomes
        | Op::EntityHistory
        | Op::Used
        | Op::ListHolds
        | Op::ListTokens
        | Op::ListArtifacts
        | Op::ListDeployments
        | Op::ListChecks
        | Op::ListFreezes => reference("List"),
        Op::ArtifactInForce | Op::ShowArtifact | Op::ShowArtifactVersion => reference("Version"),
        Op::ArtifactDiff => object(&["schema", "from", "to", "same", "changes"], true),
        Op::KpiReport => object(&["schema", "metric", "by", "groups"], true),
        Op::KpiCompare => object(
            &["schema", "metric", "artifact", "from", "to", "groups"],
            true,
        ),
        Op::Lineage => object(&["nodes", "edges"], true),
        Op::Impact => object(&["schema", "ref", "versions", "count", "decisions"], true),
        Op::ImpactOfChange => object(
            &[
                "schema",
                "from",
                "to",
                "parameter",
                "before",
                "after",
                "would_differ",
            ],
            true,
        ),
        Op::RevokeToken => reference("Receipt"),
        Op::ContextText | Op::Checkpoint | Op::Metrics | Op::Tile | Op::Evidence | Op::Page => {
            string()
        }
        Op::Search => reference("List"),
        Op::ContextDiff
        | Op::Erase
        | Op::Export
        | Op::GrantToken
        | Op::Alive
        | Op::Ready
        | Op::OpenApi => object(&[], true),
    }
}

fn body(route: &Route) -> Option<RefOr<Schema>> {
    let one_or_more = |name: &str| {
        let list = ArrayBuilder::new()
            .items(reference(name))
            .min_items(Some(1));
        Some(OneOfBuilder::new().item(reference(name)).item(list).into())
    };
    match route.op {
        Op::AssembleContext => Some(reference("Request")),
        Op::RecordContext => one_or_more("Context"),
        Op::RecordDecision => one_or_more("Decision"),
        Op::RecordGeneration => one_or_more("Generation"),
        Op::RecordReview => one_or_more("Review"),
        Op::RecordOutcome => one_or_more("Outcome"),
        Op::RegisterArtifact => one_or_more("Artifact"),
        Op::RecordDeployment => one_or_more("Deployment"),
        Op::RecordKpi => one_or_more("Kpi"),
        Op::ApproveArtifact | Op::LiftFreeze => Some(object(&[], true)),
        Op::MakeCheck => Some(reference("Check")),
        Op::PlaceFreeze => Some(reference("Freeze")),
        Op::PlaceHold => Some(reference("Hold")),
        Op::GrantToken => Some(reference("Token")),
        Op::Search => Some(object(&["limit"], true)),
        Op::Erase | Op::LiftHold | Op::RetireArtifact => Some(reference("Why")),
        _ => None,
    }
}

/// The members that have to be there. What else a record may have is in `docs/format.md`.
fn schemas() -> Vec<(&'static str, RefOr<Schema>)> {
    vec![
        (
            "Problem",
            object(
                &["type", "title", "status", "code", "detail", "request_id"],
                true,
            ),
        ),
        (
            "Receipt",
            object(&["id", "kind", "tenant", "acknowledged"], true),
        ),
        (
            "Record",
            object(&["schema", "id", "tenant", "recorded_at", "actor"], true),
        ),
        ("List", object(&["items", "next"], false)),
        (
            "Request",
            object(&["schema", "name", "budget", "items"], true),
        ),
        (
            "Context",
            object(
                &["name", "status", "created_at", "freshness", "capture"],
                true,
            ),
        ),
        (
            "Decision",
            object(&["subject", "contexts", "outcome", "decided_by"], true),
        ),
        ("Generation", object(&["context", "model", "text"], true)),
        ("Review", object(&["decision", "verdict"], true)),
        ("Outcome", object(&["decision", "kind"], true)),
        ("Hold", object(&["matter", "target"], true)),
        ("Token", object(&["role", "holder"], true)),
        // An objective may stand by itself, which has other members.
        ("Artifact", object(&[], true)),
        (
            "Version",
            object(
                &[
                    "ref",
                    "record",
                    "registered_at",
                    "at",
                    "state",
                    "approvals",
                    "artifact",
                ],
                true,
            ),
        ),
        ("Deployment", object(&["manifest", "environment"], true)),
        ("Kpi", object(&["metric", "value"], true)),
        ("Check", object(&["of"], true)),
        ("Freeze", object(&["reason"], true)),
        ("Why", object(&["reason"], false)),
    ]
}

fn object(required: &[&str], open: bool) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(open)));
    for name in required {
        // Of any type: what exactly a member may be is for the reader of records to say.
        object = object.property(*name, any()).required(*name);
    }
    object.into()
}

fn any() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
        .into()
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// The routes as a page for people.
pub(super) fn page() -> String {
    let mut rows = String::new();
    for route in ROUTES {
        let roles: Vec<&str> = match route.needs {
            Permission::Nothing => vec!["everybody"],
            needs => needs.roles().iter().map(|it| it.as_str()).collect(),
        };
        rows.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
            route.method,
            route.path,
            route.summary,
            roles.join(", ")
        ));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Contextrail</title>\n\
         <style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem }} \
         td, th {{ text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }}</style>\n\
         <h1>Contextrail {}</h1>\n<p>For programs: <a href=\"/openapi.json\">/openapi.json</a></p>\n\
         <table>\n<tr><th>method<th>path<th>what<th>who</tr>\n{rows}</table>\n",
        env!("CARGO_PKG_VERSION")
    )
}
