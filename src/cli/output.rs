//! Data to standard output or a file, in every format.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::exit::Failure;
use super::plain;
use crate::codec::{Layout, WriteError, write_json, write_yaml};

/// What data is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people: columns, or a page.
    Table,
    /// One JSON document.
    Json,
    /// One JSON value a line.
    Jsonl,
    /// One YAML document.
    Yaml,
    /// Ids alone, one a line.
    Id,
    /// A drawing: of figures, of what belongs together.
    Svg,
    /// Graphviz: of what belongs together.
    Dot,
    /// Mermaid: of what belongs together.
    Mermaid,
}

impl OutputFormat {
    /// Whether it draws, which few things can be.
    pub(super) const fn is_drawing(self) -> bool {
        matches!(self, Self::Svg | Self::Dot | Self::Mermaid)
    }

    /// Whether it is a language of graphs.
    pub(super) const fn is_graph(self) -> bool {
        matches!(self, Self::Dot | Self::Mermaid)
    }

    /// A table on a terminal, else JSON lines.
    pub(super) fn by_terminal() -> Self {
        if io::stdout().is_terminal() {
            Self::Table
        } else {
            Self::Jsonl
        }
    }
}

/// One line of a list.
pub(super) trait Row: Serialize {
    /// The heads of the columns.
    const COLUMNS: &'static [&'static str];

    fn id(&self) -> String;

    /// The cells, as many as there are columns.
    fn cells(&self) -> Vec<String>;
}

/// A single thing with a page of its own.
pub(super) trait Page: Serialize {
    fn id(&self) -> Option<String>;

    /// The page for people, which ends with a line feed.
    fn page(&self) -> String;
}

/// A list that is written while it is read.
///
/// Nothing is written before the first element or the end, so that a list that cannot be read
/// leaves the output empty.
pub(super) struct List<'a> {
    out: &'a mut dyn Write,
    format: OutputFormat,
    written: u64,
    table: Vec<Vec<String>>,
}

impl<'a> List<'a> {
    pub(super) fn new(out: &'a mut dyn Write, format: OutputFormat) -> Self {
        Self {
            out,
            format,
            written: 0,
            table: Vec::new(),
        }
    }

    pub(super) fn push<T: Row>(&mut self, row: &T) -> Result<(), Failure> {
        if self.format == OutputFormat::Table {
            self.table.push(row.cells());
            return Ok(());
        }
        self.push_value(row, || row.id())
    }

    /// Adds what has no columns.
    pub(super) fn push_value<T: Serialize>(
        &mut self,
        value: &T,
        id: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            OutputFormat::Json => {
                let lead = if self.written == 0 { "[\n" } else { ",\n" };
                let element = write_json(value, Layout::Pretty)?;
                format!("{lead}  {}", element.replace('\n', "\n  "))
            }
            OutputFormat::Yaml => write_yaml(&[value])?,
            OutputFormat::Id => id() + "\n",
            _ => write_json(value, Layout::Compact)? + "\n",
        };
        self.out.write_all(text.as_bytes())?;
        self.written += 1;
        Ok(())
    }

    /// Ends a list of `T`.
    pub(super) fn finish<T: Row>(self) -> Result<(), Failure> {
        if self.format == OutputFormat::Table {
            let text = table(T::COLUMNS, &self.table);
            self.out.write_all(text.as_bytes())?;
        }
        self.finish_values()
    }

    pub(super) fn finish_values(self) -> Result<(), Failure> {
        let end = match (self.format, self.written) {
            (OutputFormat::Json | OutputFormat::Yaml, 0) => "[]\n",
            (OutputFormat::Json, _) => "\n]\n",
            _ => "",
        };
        self.out.write_all(end.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }
}

/// One document holding `value`.
pub(super) fn document<T: Serialize>(
    value: &T,
    format: OutputFormat,
) -> Result<String, WriteError> {
    match format {
        OutputFormat::Json => Ok(write_json(value, Layout::Pretty)? + "\n"),
        OutputFormat::Yaml => write_yaml(value),
        _ => Ok(write_json(value, Layout::Compact)? + "\n"),
    }
}

/// Writes a single thing.
pub(super) fn single<T: Page>(
    out: &mut dyn Write,
    value: &T,
    format: OutputFormat,
) -> Result<(), Failure> {
    let text = match (format, value.id()) {
        (OutputFormat::Table, _) => value.page(),
        (OutputFormat::Id, Some(id)) => id + "\n",
        (OutputFormat::Id, None) => return Err(no_id()),
        _ => document(value, format)?,
    };
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// The refusal of `-o id` where nothing has one.
pub(super) fn no_id() -> Failure {
    Failure::usage("`-o id` is not possible here: what is printed has no id of its own")
        .try_next("-o json")
}

/// The refusal of a drawing of what has none.
pub(super) fn no_drawing() -> Failure {
    Failure::usage("what is printed here has no drawing of this kind").try_next("-o json")
}

/// Aligned columns, or a line that says there is nothing.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "nothing found\n".to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| column.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| plain::line(cell)));
    }
    let mut text = String::new();
    for line in table.lines() {
        // Writing to a string does not fail.
        writeln!(text, "{}", line.trim()).ok();
    }
    text
}
