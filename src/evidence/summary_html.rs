//! The summary as HTML.
//!
//! Written by hand: the page has seven kinds of block, one match renders each, and what a template
//! engine would escape passes through one function here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

use super::page::{Block, Fact, Line, Section, Span, Table, moment};
use super::summary::Summary;
use super::visible::{Piece, number, pieces};

pub(super) fn page(summary: &Summary) -> String {
    let mut page = Html::default();
    page.head(summary);
    page.contents(&summary.sections);
    for (number, section) in (1..).zip(&summary.sections) {
        page.section(number, section);
    }
    page.raw(
        "</main>\n<footer>Words in typewriter letters are taken from the records, as they stand \
         there. A number in a frame, such as <span class=\"unseen\">U+0000</span>, stands for a \
         character that cannot be seen. All times are UTC.</footer>\n</body>\n</html>\n",
    );
    page.out
}

#[derive(Default)]
struct Html {
    out: String,
}

impl Html {
    /// Markup of our own.
    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// Text of anybody's: nothing in it is markup.
    fn text(&mut self, text: &str) {
        for piece in pieces(text) {
            match piece {
                Piece::Seen(run) => self.escaped(run),
                Piece::LineEnd => self.out.push('\n'),
                Piece::Unseen(c) => {
                    self.raw("<span class=\"unseen\">");
                    self.raw(&number(c));
                    self.raw("</span>");
                }
            }
        }
    }

    fn escaped(&mut self, run: &str) {
        for c in run.chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                '\'' => self.raw("&#39;"),
                c => self.out.push(c),
            }
        }
    }

    fn head(&mut self, summary: &Summary) {
        // No script can run, and nothing is loaded, even if a reader's program is careless.
        let digest = BASE64.encode(Sha256::digest(STYLE));
        self.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.raw(&format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n"
        ));
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        self.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
        for span in &summary.title.0 {
            match span {
                Span::Own(words) | Span::Recorded(words) => self.title(words),
                Span::At(_) | Span::Withheld { .. } | Span::Unsaid => {}
            }
        }
        self.raw("</title>\n<style>");
        self.raw(STYLE);
        self.raw("</style>\n</head>\n<body>\n<header>\n<h1>");
        self.line(&summary.title);
        self.raw(
            "</h1>\n<p>A summary, in plain language, of what this evidence bundle holds.</p>\n",
        );
    }

    /// A title holds no elements.
    fn title(&mut self, words: &str) {
        for piece in pieces(words) {
            match piece {
                Piece::Seen(run) => self.escaped(run),
                Piece::LineEnd => self.out.push(' '),
                Piece::Unseen(c) => self.raw(&number(c)),
            }
        }
    }

    fn contents(&mut self, sections: &[Section]) {
        self.raw("<nav aria-label=\"Contents\">\n<ol>\n");
        for (number, section) in (1..).zip(sections) {
            self.raw(&format!("<li><a href=\"#s{number}\">"));
            self.text(section.title);
            self.raw("</a></li>\n");
        }
        self.raw("</ol>\n</nav>\n</header>\n<main>\n");
    }

    fn section(&mut self, number: usize, section: &Section) {
        self.raw(&format!(
            "<section aria-labelledby=\"s{number}\">\n<h2 id=\"s{number}\">"
        ));
        self.text(section.title);
        self.raw("</h2>\n");
        for block in &section.blocks {
            self.block(block);
        }
        self.raw("</section>\n");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(line) => self.element("h3", line),
            Block::Paragraph(line) => self.element("p", line),
            Block::List(lines) => {
                self.raw("<ul>\n");
                for line in lines {
                    self.element("li", line);
                }
                self.raw("</ul>\n");
            }
            Block::Facts(facts) => self.facts(facts),
            Block::Table(table) => self.table(table),
            Block::Text { label, text } | Block::Aside { label, text } => {
                self.raw("<details open>\n<summary>");
                self.line(label);
                self.raw("</summary>\n<pre dir=\"auto\" tabindex=\"0\">");
                // A parser drops a line feed that stands first.
                self.raw("\n");
                self.text(text);
                self.raw("</pre>\n</details>\n");
            }
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        self.raw("<dl>\n");
        for Fact { label, value } in facts {
            self.raw("<div>");
            self.within("dt", label);
            self.within("dd", value);
            self.raw("</div>\n");
        }
        self.raw("</dl>\n");
    }

    fn table(&mut self, table: &Table) {
        self.raw("<div class=\"table\">\n<table>\n<caption>");
        self.text(table.caption);
        self.raw("</caption>\n<thead><tr>");
        for column in &table.columns {
            self.raw("<th scope=\"col\">");
            self.text(column);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.raw("<tr>");
            for (at, cell) in row.iter().enumerate() {
                if at == 0 {
                    self.raw("<th scope=\"row\">");
                    self.line_or_none(cell);
                    self.raw("</th>");
                } else {
                    self.raw("<td>");
                    self.line_or_none(cell);
                    self.raw("</td>");
                }
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n</div>\n");
    }

    fn element(&mut self, name: &str, line: &Line) {
        self.within(name, line);
        self.raw("\n");
    }

    fn within(&mut self, name: &str, line: &Line) {
        self.raw(&format!("<{name}>"));
        self.line(line);
        self.raw(&format!("</{name}>"));
    }

    fn line_or_none(&mut self, line: &Line) {
        if line.is_empty() {
            return self.raw("<span class=\"none\" aria-label=\"none\">–</span>");
        }
        self.line(line);
    }

    fn line(&mut self, line: &Line) {
        for span in &line.0 {
            self.span(span);
        }
    }

    fn span(&mut self, span: &Span) {
        match span {
            Span::Own(words) => self.text(words),
            Span::Recorded(words) if words.is_empty() => {
                self.raw("<span class=\"none\">(empty)</span>");
            }
            Span::Recorded(words) => {
                self.raw("<bdi>");
                self.text(words);
                self.raw("</bdi>");
            }
            Span::At(time) => {
                self.raw(&format!(
                    "<time datetime=\"{time}\">{}</time>",
                    moment(*time)
                ));
            }
            Span::Withheld { class, why } => {
                self.raw(&format!("<span class=\"held\">withheld: {class}"));
                if !why.is_empty() {
                    self.raw(", <bdi>");
                    self.text(why);
                    self.raw("</bdi>");
                }
                self.raw("</span>");
            }
            Span::Unsaid => self.raw("<span class=\"held\">not shown</span>"),
        }
    }
}

const STYLE: &str = include_str!("summary.css");
