//! A soak as a picture: SVG that reads on white and on paper.

#![expect(
    clippy::cast_precision_loss,
    reason = "sizes and counts are far below 2^52"
)]

use std::fmt::Write as _;

use super::samples::Sample;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 48.0;
const TOP: f64 = 40.0;
/// Points of a line: more of them would not be seen.
const POINTS: usize = 450;
/// Seconds over which the growth of the file is divided by the contexts.
const GROWTH_S: usize = 30;

/// One line of a panel.
struct Line {
    name: &'static str,
    /// How it is drawn: two that are printed in black are told apart.
    style: &'static str,
    points: Vec<(f64, f64)>,
}

impl Line {
    fn of(name: &'static str, style: &'static str, points: &[(f64, f64)]) -> Self {
        Self {
            name,
            style,
            points: thinned(points),
        }
    }
}

const MIB: f64 = 1_048_576.0;
const DARK: &str = "stroke=\"#1b4f8a\" stroke-width=\"1.6\"";
const LIGHT: &str = "stroke=\"#b85c00\" stroke-width=\"1.3\" stroke-dasharray=\"5 3\"";

/// Draws all samples.
pub(crate) fn plot(samples: &[Sample]) -> String {
    let minutes = |sample: &Sample| sample.second as f64 / 60.0;
    let line = |name, style, of: fn(&Sample) -> f64| {
        let points: Vec<_> = samples.iter().map(|it| (minutes(it), of(it))).collect();
        Line::of(name, style, &points)
    };
    let growth = samples.windows(GROWTH_S).step_by(GROWTH_S / 3);
    let growth: Vec<(f64, f64)> = growth
        .filter_map(|it| {
            let (first, last) = (it.first()?, it.last()?);
            let contexts = last.contexts.checked_sub(first.contexts)?;
            let bytes = last.database.checked_sub(first.database)?;
            let each = bytes as f64 / contexts.max(1) as f64;
            (contexts > 0).then(|| (minutes(last), each / 1_024.0))
        })
        .collect();
    let panels = [
        (
            "memory of the process, MiB",
            vec![
                line("with pages of files", LIGHT, |it| {
                    it.resident_kib as f64 / 1_024.0
                }),
                line("its own", DARK, |it| it.own_kib as f64 / 1_024.0),
            ],
        ),
        (
            "growth of the file, KiB for each context with its decision",
            vec![Line::of("over 30 s", DARK, &growth)],
        ),
        (
            "files, MiB",
            vec![
                line("database / 100", DARK, |it| {
                    it.database as f64 / MIB / 100.0
                }),
                line("write-ahead log", LIGHT, |it| it.log as f64 / MIB),
            ],
        ),
        (
            "from due to durable, ms",
            vec![
                line("p99 of each second", LIGHT, |it| it.p99_us as f64 / 1e3),
                line("p50", DARK, |it| it.p50_us as f64 / 1e3),
            ],
        ),
    ];
    let end = samples.last().map_or(1.0, minutes).max(0.1);
    let kills: Vec<f64> = samples
        .windows(2)
        .filter(|it| it[0].life != it[1].life)
        .map(|it| minutes(&it[1]))
        .collect();
    let height = TOP + panels.len() as f64 * (PANEL + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>W1 at half load, killed again and again</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\" fill=\"#000000\">W1 with decisions at half load; grey: the process was killed ({} times)</text>\n",
        kills.len()
    );
    for ((number, (title, lines)), top) in panels.iter().enumerate().zip(tops()) {
        let is_last = number + 1 == panels.len();
        panel(&mut svg, (*title, lines), (top, is_last), (end, &kills));
    }
    svg + "</svg>\n"
}

/// Where panels begin.
fn tops() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(TOP + 8.0), |top| Some(top + PANEL + GAP))
}

fn panel(
    svg: &mut String,
    (title, lines): (&str, &[Line]),
    (top, is_last): (f64, bool),
    (end, kills): (f64, &[f64]),
) {
    let largest = lines.iter().flat_map(|it| &it.points).map(|it| it.1);
    let step = step(largest.fold(0.0, f64::max) / 4.0);
    let highest = lines.iter().flat_map(|it| &it.points).map(|it| it.1);
    let most = (highest.fold(0.0, f64::max) / step).ceil().max(1.0) * step;
    let x = |minute: f64| LEFT + minute / end * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| top + PANEL * (1.0 - value / most);
    let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
    // Writing into a text does not fail.
    let mut put = |text: String| writeln!(svg, "{text}").expect("it is a text");
    for kill in kills {
        let at = x(*kill);
        put(format!(
            "<path d=\"M{at:.1} {top:.1}V{bottom:.1}\" stroke=\"#bbbbbb\" stroke-width=\"0.8\"/>"
        ));
    }
    for tick in 0_u32.. {
        let value = f64::from(tick) * step;
        if value > most + step / 2.0 {
            break;
        }
        let at = y(value);
        put(format!(
            "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#dddddd\" stroke-width=\"0.6\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#000000\">{value}</text>",
            LEFT - 6.0,
            at + 4.0
        ));
    }
    let of_time = self::step(end / 8.0);
    for tick in 0_u32.. {
        let minute = f64::from(tick) * of_time;
        if minute > end {
            break;
        }
        put(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#000000\">{minute}{}</text>",
            x(minute),
            bottom + 15.0,
            if is_last && tick == 0 { " min" } else { "" }
        ));
    }
    put(format!(
        "<path d=\"M{LEFT} {top:.1}V{bottom:.1}H{right}\" fill=\"none\" stroke=\"#000000\"/>\
         <text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#000000\">{title}</text>",
        top - 7.0
    ));
    let mut legend = right;
    for line in lines {
        let points: String = line
            .points
            .iter()
            .map(|it| format!("{:.1},{:.1} ", x(it.0), y(it.1)))
            .collect();
        put(format!(
            "<polyline points=\"{}\" fill=\"none\" {}/>",
            points.trim_end(),
            line.style
        ));
        // About the width of the text.
        let width = 6.2 * line.name.len() as f64;
        put(format!(
            "<text x=\"{legend:.1}\" y=\"{0:.1}\" text-anchor=\"end\" fill=\"#000000\">{1}</text>\
             <path d=\"M{2:.1} {3:.1}h24\" {4}/>",
            top - 7.0,
            line.name,
            legend - width - 30.0,
            top - 11.0,
            line.style
        ));
        legend -= width + 48.0;
    }
}

/// The next of 1, 2, 5, 10, … above.
fn step(least: f64) -> f64 {
    let tens = 10_f64.powf(least.max(1e-3).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * tens);
    steps
        .into_iter()
        .find(|it| *it >= least)
        .unwrap_or(10.0 * tens)
}

/// The medians of as many parts as are drawn.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let each = points.len().div_ceil(POINTS).max(1);
    let parts = points.chunks(each).map(|part| {
        let mut values: Vec<f64> = part.iter().map(|it| it.1).collect();
        values.sort_unstable_by(f64::total_cmp);
        (part[part.len() / 2].0, values[values.len() / 2])
    });
    parts.collect()
}
