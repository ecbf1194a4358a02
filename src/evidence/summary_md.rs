//! The summary as Markdown.
//!
//! What is taken from records stands in code spans and code blocks, within which nothing is markup;
//! tables become lists, which a value cannot break and which are readable as they stand.

use super::page::{Block, Fact, Line, Span, Table, moment};
use super::summary::Summary;
use super::visible::{Piece, has_right_to_left, number, pieces};

pub(super) fn page(summary: &Summary) -> String {
    let mut out = format!("# {}\n", line(&summary.title));
    out.push_str(
        "\nA summary, in plain language, of what this evidence bundle holds. Words in code letters \
         are taken from the records, as they stand there; ⟨U+0000⟩ stands for a character that \
         cannot be seen, by its number, and ↵ for the end of a line. All times are UTC.\n",
    );
    for section in &summary.sections {
        out.push_str(&format!("\n## {}\n", own(section.title)));
        for block in &section.blocks {
            out.push('\n');
            out.push_str(&rendered(block));
        }
    }
    out
}

fn rendered(block: &Block) -> String {
    match block {
        Block::Heading(words) => format!("### {}\n", line(words)),
        Block::Paragraph(words) => format!("{}\n", line(words)),
        Block::List(lines) => lines.iter().map(|it| format!("- {}\n", line(it))).collect(),
        Block::Facts(facts) => facts.iter().map(fact).collect(),
        Block::Table(table) => rows(table),
        Block::Text { label, text } => format!("{}:\n\n{}", line(label), fenced(text)),
        Block::Aside { label, text } => aside(label, text),
    }
}

/// A text that the model did not see as it is; what is longer stands in the printable page.
fn aside(label: &Line, text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(ASIDE_BYTES)];
    let mut out = format!("{}:\n\n{}", line(label), fenced(shown));
    if shown.len() < text.len() {
        out.push_str(&format!(
            "\nThese are its first {} of {} bytes; `summary.html` has all of them.\n",
            shown.len(),
            text.len()
        ));
    }
    out
}

fn fact(fact: &Fact) -> String {
    format!("- {}: {}\n", line(&fact.label), line(&fact.value))
}

fn rows(table: &Table) -> String {
    let mut out = format!("{}:\n\n", own(table.caption));
    for row in &table.rows {
        let cells = table.columns.iter().zip(row);
        let cells = cells.filter(|(_, cell)| !cell.is_empty());
        let cells: Vec<String> = cells
            .map(|(column, cell)| format!("{}: {}", own(column), line(cell)))
            .collect();
        out.push_str(&format!("- {}\n", cells.join("; ")));
    }
    out
}

fn line(line: &Line) -> String {
    line.0.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    match span {
        Span::Own(words) => own(words),
        Span::Recorded(words) => code(words),
        Span::At(time) => moment(*time),
        Span::Withheld { class, why } if why.is_empty() => format!("**withheld: {class}**"),
        Span::Withheld { class, why } => format!("**withheld: {class}**, {}", code(why)),
        Span::Unsaid => "**not shown**".to_owned(),
    }
}

/// Words of our own: `_` and the like are no markup.
fn own(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A code span that holds exactly `text`: its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let inner = isolated(text, &shown(text, "↵"));
    let fence = "`".repeat(longest_run(&inner) + 1);
    let touches = |c: char| c == '`' || c == ' ';
    let pad = if inner.starts_with(touches) || inner.ends_with(touches) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{inner}{pad}{fence}")
}

/// A code block of `text`.
fn fenced(text: &str) -> String {
    let inner = shown(text, "\n");
    let fence = "`".repeat(longest_run(&inner).max(2) + 1);
    let end = if inner.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{inner}{end}{fence}\n")
}

fn shown(text: &str, line_end: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Seen(run) => out.push_str(run),
            Piece::LineEnd => out.push_str(line_end),
            Piece::Unseen(c) => out.push_str(&format!("⟨{}⟩", number(c))),
        }
    }
    out
}

/// `inner` between marks that keep its direction from the words around it, where `text` needs them.
fn isolated(text: &str, inner: &str) -> String {
    if has_right_to_left(text) {
        format!("\u{2068}{inner}\u{2069}")
    } else {
        inner.to_owned()
    }
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

const ASIDE_BYTES: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a\nb"), "`a↵b`");
        assert_eq!(code("a\u{202e}b"), "`a⟨U+202E⟩b`");
        assert_eq!(code("שלום"), "`\u{2068}שלום\u{2069}`");
        assert_eq!(code(" a"), "`  a `");
    }

    #[test]
    fn a_code_block_cannot_be_left() {
        assert_eq!(fenced("a\n```\n# b"), "````text\na\n```\n# b\n````\n");
        assert_eq!(fenced("a\r"), "```text\na⟨U+000D⟩\n```\n");
    }
}
