//! Bars: in the terminal, and as SVG.

use std::fmt::Write as _;

/// Bars of text, the longest `width` characters wide: one line a value, with its label and the value.
#[must_use]
pub fn terminal_bars(values: &[(String, f64)], width: usize) -> String {
    let longest = values.iter().map(|(label, _)| label.chars().count()).max();
    let top = values
        .iter()
        .map(|(_, value)| value.abs())
        .fold(0.0, f64::max);
    let mut text = String::new();
    for (label, value) in values {
        let length = scaled(value.abs(), top, width);
        let bar: String = std::iter::repeat_n('█', length).collect();
        let pad = longest.unwrap_or(0).saturating_sub(label.chars().count());
        // Writing to a string does not fail.
        writeln!(text, "  {label}{} {bar} {value:.4}", " ".repeat(pad)).ok();
    }
    text
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "characters of a line"
)]
fn scaled(value: f64, top: f64, width: usize) -> usize {
    if top > 0.0 {
        (value / top * width as f64).round() as usize
    } else {
        0
    }
}

/// Bars as an SVG document: one group a label, in it one bar for each of the series that has a value.
#[must_use]
pub fn bars(title: &str, series: &[&str], groups: &[(String, Vec<Option<f64>>)]) -> String {
    let lines: usize = groups.iter().map(|(_, values)| values.len() + 1).sum();
    let height = HEAD + LINE * lines + LINE;
    let values = groups
        .iter()
        .flat_map(|(_, values)| values.iter().flatten());
    let top = values.map(|it| it.abs()).fold(0.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n  <title>{0}</title>\n  \
         <text x=\"10\" y=\"22\" font-size=\"16\">{0}</text>\n",
        escaped(title)
    );
    let mut y = HEAD;
    for (label, values) in groups {
        writeln!(
            svg,
            "  <text x=\"10\" y=\"{}\" font-weight=\"bold\">{}</text>",
            y + 14,
            escaped(label)
        )
        .ok();
        y += LINE;
        for (number, value) in values.iter().enumerate() {
            let name = series.get(number).copied().unwrap_or_default();
            let colour = COLOURS[number % COLOURS.len()];
            writeln!(
                svg,
                "  <text x=\"20\" y=\"{}\">{}</text>",
                y + 14,
                escaped(name)
            )
            .ok();
            if let Some(value) = value {
                let length = scaled(value.abs(), top, BAR).max(1);
                writeln!(
                    svg,
                    "  <rect x=\"{LEFT}\" y=\"{}\" width=\"{length}\" height=\"14\" fill=\"{colour}\"/>\n  \
                     <text x=\"{}\" y=\"{}\">{value:.4}</text>",
                    y + 2,
                    LEFT + length + 6,
                    y + 14
                )
                .ok();
            }
            y += LINE;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// `text` as it may stand in an SVG document.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

const WIDTH: usize = 760;
const HEAD: usize = 40;
const LINE: usize = 20;
const LEFT: usize = 220;
const BAR: usize = 420;
const COLOURS: [&str; 3] = ["#4878a8", "#d97b29", "#5f9e5f"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_as_wide_as_asked_for() {
        let text = terminal_bars(&[("a".to_owned(), 1.0), ("bb".to_owned(), 0.5)], 4);
        assert_eq!(text, "  a  ████ 1.0000\n  bb ██ 0.5000\n");
        assert!(terminal_bars(&[("a".to_owned(), 0.0)], 4).contains("0.0000"));
    }

    #[test]
    fn labels_are_no_markup() {
        let svg = bars(
            "a<b",
            &["x"],
            &[("<script>".to_owned(), vec![Some(1.0), None])],
        );
        assert!(svg.contains("a&lt;b") && !svg.contains("<script>"));
    }
}
