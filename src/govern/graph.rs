//! What belongs together as a graph: as JSON, in the languages of dot and Mermaid, and as SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::chart::escaped;

/// Things and how they belong together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graph {
    /// The things, each once, in the order in which they were reached.
    pub nodes: Vec<GraphNode>,
    /// How they belong together.
    pub edges: Vec<Edge>,
}

/// A thing.
#[derive(Clone, Debug, Serialize)]
pub struct GraphNode {
    /// What it is: `model:credit@2.1.0`, `decision:<id>`.
    pub id: String,
    /// How many steps from where the graph begins.
    pub depth: u32,
    /// What is to be known of it: how a version stands, what a decision came to.
    pub note: String,
}

/// How two things belong together.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Edge {
    /// The one.
    pub from: String,
    /// How: `trained_on`, `used`.
    pub rel: String,
    /// The other.
    pub to: String,
}

/// The language of a drawing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
    /// SVG, drawn in columns by depth.
    Svg,
}

impl Graph {
    /// Adds a thing that is not there yet; whether it was not.
    pub(super) fn add(&mut self, id: &str, depth: u32, note: impl Into<String>) -> bool {
        if self.nodes.iter().any(|it| it.id == id) {
            return false;
        }
        self.nodes.push(GraphNode {
            id: id.to_owned(),
            depth,
            note: note.into(),
        });
        true
    }

    pub(super) fn join(&mut self, from: &str, rel: &str, to: &str) {
        let edge = Edge {
            from: from.to_owned(),
            rel: rel.to_owned(),
            to: to.to_owned(),
        };
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }
}

/// The graph in a language that draws it.
#[must_use]
pub fn render(graph: &Graph, format: GraphFormat) -> String {
    match format {
        GraphFormat::Dot => dot(graph),
        GraphFormat::Mermaid => mermaid(graph),
        GraphFormat::Svg => svg(graph),
    }
}

fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| {
        let safe: String = text.chars().filter(|it| !it.is_control()).collect();
        format!("\"{}\"", safe.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let mut text = "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for node in &graph.nodes {
        let label = format!("{}\u{2028}{}", node.id, node.note);
        let label = quoted(&label).replace('\u{2028}', "\\n");
        writeln!(text, "  {} [label={label}];", quoted(&node.id)).ok();
    }
    for Edge { from, rel, to } in &graph.edges {
        writeln!(
            text,
            "  {} -> {} [label={}];",
            quoted(from),
            quoted(to),
            quoted(rel)
        )
        .ok();
    }
    text.push_str("}\n");
    text
}

fn mermaid(graph: &Graph) -> String {
    let numbers: BTreeMap<&str, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(number, node)| (node.id.as_str(), number))
        .collect();
    let safe = |text: &str| escaped(text).replace('#', "#35;");
    let mut text = "flowchart LR\n".to_owned();
    for (number, node) in graph.nodes.iter().enumerate() {
        writeln!(
            text,
            "  n{number}[\"{}<br/>{}\"]",
            safe(&node.id),
            safe(&node.note)
        )
        .ok();
    }
    for Edge { from, rel, to } in &graph.edges {
        if let (Some(from), Some(to)) = (numbers.get(from.as_str()), numbers.get(to.as_str())) {
            writeln!(text, "  n{from} -->|{}| n{to}", safe(rel)).ok();
        }
    }
    text
}

fn svg(graph: &Graph) -> String {
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for node in &graph.nodes {
        let row = rows.entry(node.depth).or_default();
        let column = usize::try_from(node.depth).unwrap_or(0);
        places.insert(node.id.as_str(), (20 + column * STEP_X, 20 + *row * STEP_Y));
        *row += 1;
    }
    let width = 40 + places.values().map(|(x, _)| x + BOX_X).max().unwrap_or(0);
    let height = 40 + places.values().map(|(_, y)| y + BOX_Y).max().unwrap_or(0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n"
    );
    for Edge { from, rel, to } in &graph.edges {
        let (Some((x1, y1)), Some((x2, y2))) = (places.get(from.as_str()), places.get(to.as_str()))
        else {
            continue;
        };
        let (y1, y2) = (y1 + BOX_Y / 2, y2 + BOX_Y / 2);
        let (x1, x2) = if x1 <= x2 {
            (x1 + BOX_X, *x2)
        } else {
            (*x1, x2 + BOX_X)
        };
        writeln!(
            text,
            "  <line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"#888\"/>\n  \
             <text x=\"{}\" y=\"{}\" fill=\"#555\" font-size=\"10\">{}</text>",
            x1.midpoint(x2),
            y1.midpoint(y2),
            escaped(rel)
        )
        .ok();
    }
    for node in &graph.nodes {
        let Some((x, y)) = places.get(node.id.as_str()) else {
            continue;
        };
        writeln!(
            text,
            "  <rect x=\"{x}\" y=\"{y}\" width=\"{BOX_X}\" height=\"{BOX_Y}\" fill=\"#eef3f8\" stroke=\"#4878a8\"/>\n  \
             <text x=\"{0}\" y=\"{1}\">{2}</text>\n  <text x=\"{0}\" y=\"{3}\" fill=\"#555\">{4}</text>",
            x + 8,
            y + 18,
            escaped(&node.id),
            y + 34,
            escaped(&node.note)
        )
        .ok();
    }
    text.push_str("</svg>\n");
    text
}

const BOX_X: usize = 330;
const BOX_Y: usize = 42;
const STEP_X: usize = 430;
const STEP_Y: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup_in_any_language() {
        let mut graph = Graph::default();
        graph.add("model:\"<b>\"@1", 0, "in force");
        graph.add("dataset:d@1", 1, "x");
        graph.join("model:\"<b>\"@1", "trained_on", "dataset:d@1");
        let dot = render(&graph, GraphFormat::Dot);
        assert!(dot.contains(r#""model:\"<b>\"@1" -> "dataset:d@1" [label="trained_on"];"#));
        let mermaid = render(&graph, GraphFormat::Mermaid);
        assert!(mermaid.contains("n0 -->|trained_on| n1") && !mermaid.contains("<b>"));
        assert!(!render(&graph, GraphFormat::Svg).contains("<b>"));
    }
}
