//! A log-log chart as SVG: N to the right, nanoseconds per operation up. A line that stays level is cost that grows
//! as N.

use super::Curve;
use crate::numbers::short;
use std::fmt::Write;

const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 560.0;
/// Where the lines are: left, right, top, bottom.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 500.0;

/// Colours that differ for most eyes, one for each case.
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00",
];

/// Whole powers of ten on one axis.
struct Axis {
    lowest: i32,
    highest: i32,
    from: f64,
    to: f64,
}

impl Axis {
    /// From the power of ten at or below all values to that at or above them, at least one apart.
    fn of(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Axis {
        let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
            (least.min(value.log10()), most.max(value.log10()))
        });
        let lowest = least.floor() as i32;
        Axis {
            lowest,
            highest: (most.ceil() as i32).max(lowest + 1),
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.log10() - self.lowest as f64) / (self.highest - self.lowest) as f64;
        self.from + share * (self.to - self.from)
    }

    /// 1, 2, 5, 10, 20, 50 and so on, as far as they are on it.
    fn steps(&self) -> impl Iterator<Item = f64> {
        let within = self
            .powers()
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
        within.take_while(|value| *value <= 10f64.powi(self.highest))
    }

    fn powers(&self) -> impl Iterator<Item = i32> {
        self.lowest..=self.highest
    }
}

/// The curves of one group: ours drawn through, baselines dashed; the legend says what total cost grows as.
pub fn svg(title: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::of(points().map(|point| point.n as f64), LEFT, RIGHT);
    let y = Axis::of(points().map(|point| point.nanos), BOTTOM, TOP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut out, (LEFT, 28.0), "font-size=\"18\"", title);
    let above_legend = (RIGHT + 30.0, 28.0);
    text(&mut out, above_legend, "", "N operations together grow as");
    grid(&mut out, &x, &y);
    let mut cases: Vec<&str> = Vec::new();
    for (row, curve) in curves.iter().enumerate() {
        if !cases.contains(&curve.case) {
            cases.push(curve.case);
        }
        let colour = COLOURS[(cases.len() - 1) % COLOURS.len()];
        line(&mut out, curve, colour, &x, &y);
        legend(&mut out, curve, colour, TOP + 10.0 + 24.0 * row as f64);
    }
    out + "</svg>\n"
}

fn text(out: &mut String, (x, y): (f64, f64), style: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{words}</text>"
    );
}

fn rule(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
    );
}

fn grid(out: &mut String, x: &Axis, y: &Axis) {
    const FAINT: &str = "stroke=\"#dddddd\"";
    for power in x.powers() {
        let at = x.at(10f64.powi(power));
        rule(out, (at, TOP), (at, BOTTOM), FAINT);
        let label = short(10u64.pow(power.max(0) as u32));
        text(out, (at, BOTTOM + 18.0), "text-anchor=\"middle\"", &label);
    }
    for value in y.steps() {
        let at = y.at(value);
        rule(out, (LEFT, at), (RIGHT, at), FAINT);
        let style = "text-anchor=\"end\"";
        text(out, (LEFT - 8.0, at + 4.0), style, &value.to_string());
    }
    for end in [(RIGHT, BOTTOM), (LEFT, TOP)] {
        rule(out, (LEFT, BOTTOM), end, "stroke=\"#333333\"");
    }
    let middle = ((LEFT + RIGHT) / 2.0, HEIGHT - 18.0);
    text(out, middle, "text-anchor=\"middle\"", "N");
    let middle = (TOP + BOTTOM) / 2.0;
    let upright = format!("text-anchor=\"middle\" transform=\"rotate(-90 20 {middle})\"");
    text(out, (20.0, middle), &upright, "ns per operation");
}

/// Ours is drawn through, a baseline dashed.
fn stroke(curve: &Curve, colour: &str) -> String {
    let dashes = if curve.baseline {
        " stroke-dasharray=\"5 4\""
    } else {
        ""
    };
    format!("stroke=\"{colour}\" stroke-width=\"2\"{dashes}")
}

fn line(out: &mut String, curve: &Curve, colour: &str, x: &Axis, y: &Axis) {
    let at: Vec<(f64, f64)> = curve
        .points
        .iter()
        .map(|point| (x.at(point.n as f64), y.at(point.nanos)))
        .collect();
    let path: Vec<String> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let style = stroke(curve, colour);
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" {style}/>",
        path.join(" ")
    );
    for (x, y) in at {
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
}

fn legend(out: &mut String, curve: &Curve, colour: &str, at: f64) {
    const X: f64 = RIGHT + 30.0;
    rule(
        out,
        (X, at - 4.0),
        (X + 36.0, at - 4.0),
        &stroke(curve, colour),
    );
    let words = format!("{}, {}: {}", curve.case, curve.row, curve.growth());
    let style = if curve.steep() && !curve.baseline {
        "fill=\"#b00000\" font-weight=\"bold\""
    } else {
        "fill=\"#222222\""
    };
    text(out, (X + 46.0, at), style, &words);
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    fn curve(case: &'static str, row: &'static str, exponent: f64, baseline: bool) -> Curve {
        let points = [(100, 10.0), (1_000, 25.0)].map(|(n, nanos)| Point { n, nanos });
        Curve {
            group: "group",
            case,
            row,
            points: points.to_vec(),
            exponent: Some(exponent),
            baseline,
        }
    }

    #[test]
    fn an_axis_has_whole_decades() {
        let axis = Axis::of([12.0, 850.0].into_iter(), 0.0, 200.0);
        assert_eq!((axis.lowest, axis.highest), (1, 3));
        assert!(axis.at(10.0).abs() < 1e-9);
        assert!((axis.at(100.0) - 100.0).abs() < 1e-9);
        assert!((axis.at(1_000.0) - 200.0).abs() < 1e-9);
        let steps: Vec<f64> = axis.steps().collect();
        assert_eq!(steps, [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]);
    }

    #[test]
    fn an_axis_of_one_value_is_a_decade_long() {
        let axis = Axis::of([100.0].into_iter(), 500.0, 0.0);
        assert_eq!((axis.lowest, axis.highest), (2, 3));
        assert_eq!(axis.at(100.0), 500.0);
    }

    #[test]
    fn points_are_where_their_logarithms_are() {
        let chart = svg("title", &[curve("a", "ours", 1.0, false)]);
        // N = 100 and 1,000 at the left and the right end; 10 ns at the bottom, 25 ns 0.398 of the way up.
        assert!(
            chart.contains("points=\"70.0,500.0 640.0,320.9\""),
            "{chart}"
        );
    }

    #[test]
    fn each_case_has_a_colour_and_baselines_are_dashed() {
        let curves = [
            curve("a", "loop", 1.2, true),
            curve("a", "ours", 1.0, false),
            curve("b", "ours", 1.2, false),
        ];
        let chart = svg("a < b & c", &curves);
        assert_eq!(chart.matches("<polyline").count(), 3);
        assert_eq!(chart.matches("<circle").count(), 6);
        // Its line and its place in the legend.
        assert_eq!(chart.matches("stroke-dasharray").count(), 2);
        assert_eq!(
            chart.matches(&format!("stroke=\"{}\"", COLOURS[0])).count(),
            4
        );
        assert_eq!(
            chart.matches(&format!("stroke=\"{}\"", COLOURS[1])).count(),
            2
        );
        assert!(chart.contains(">a &lt; b &amp; c</text>"));
        // Only ours is blamed.
        assert_eq!(chart.matches("#b00000").count(), 1);
        assert!(chart.contains(">b, ours: N^1.200  > 1.05</text>"));
    }
}
