//! Charts, drawn by the server: bars in SVG for the eye, and the same numbers as a table behind them.

use maud::{Markup, html};

use super::page::thousands;

/// The width of a chart, in its own units.
const WIDTH: i64 = 480;
/// Where bars begin.
const LEFT: i64 = 150;
/// The length of the longest bar; its number stands behind it.
const LENGTH: i64 = 260;
/// The distance from one bar to the next.
const STEP: i64 = 26;
/// The thickness of a bar.
const THICK: i64 = 16;

/// A bar: its name, and the number of each part.
pub struct Bar {
    name: String,
    parts: Vec<i64>,
}

impl Bar {
    pub fn new(name: impl Into<String>, parts: Vec<i64>) -> Self {
        let name = name.into();
        Self { name, parts }
    }

    fn total(&self) -> i64 {
        self.parts.iter().sum()
    }
}

/// What a chart shows: its id on the page, its title, what a bar is called, and each part of a bar with the class that colours it.
pub struct Chart<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub rows: &'a str,
    pub parts: &'a [(&'a str, &'a str)],
}

impl Chart<'_> {
    /// Draws bars of parts, and writes them as a table.
    pub fn draw(&self, bars: &[Bar]) -> Markup {
        let most = bars.iter().map(Bar::total).max().unwrap_or_default().max(1);
        let (title, told) = (format!("{}-title", self.id), format!("{}-told", self.id));
        let height = STEP * i64::try_from(bars.len()).unwrap_or_default();
        html! {
            figure {
                svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-labelledby=(format!("{title} {told}")) {
                    title id=(title) { (self.title) }
                    desc id=(told) {
                        @for bar in bars { (bar.name) ": " (self.told(bar)) ". " }
                    }
                    @for (row, bar) in (0..).zip(bars) {
                        text x=(LEFT - 8) y=(row * STEP + THICK) text-anchor="end" { (shortened(&bar.name)) }
                        @for (class, begin, length) in self.laid_out(bar, most) {
                            rect.(class) x=(LEFT + begin) y=(row * STEP + 3) width=(length) height=(THICK) {}
                        }
                        text x=(LEFT + bar.total() * LENGTH / most + 8) y=(row * STEP + THICK) { (thousands(bar.total())) }
                    }
                }
                @if self.parts.len() > 1 {
                    figcaption { @for (name, class) in self.parts { span.key.(class) { (name) } " " } }
                }
                details {
                    summary { "As a table" }
                    (self.table(bars))
                }
            }
        }
    }

    /// Returns the class, the beginning and the length of each part that can be seen.
    fn laid_out(&self, bar: &Bar, most: i64) -> Vec<(&str, i64, i64)> {
        let mut before = 0;
        let mut laid_out = Vec::new();
        for ((_, class), part) in self.parts.iter().zip(&bar.parts) {
            let begin = before * LENGTH / most;
            before += part;
            let length = before * LENGTH / most - begin;
            if *part > 0 {
                laid_out.push((*class, begin, length.max(1)));
            }
        }
        laid_out
    }

    fn told(&self, bar: &Bar) -> String {
        let parts: Vec<String> = match (self.parts, bar.parts.as_slice()) {
            ([_], [only]) => vec![only.to_string()],
            (names, numbers) => names
                .iter()
                .zip(numbers)
                .filter(|(_, number)| **number > 0)
                .map(|((name, _), number)| format!("{number} {name}"))
                .collect(),
        };
        parts.join(", ")
    }

    fn table(&self, bars: &[Bar]) -> Markup {
        html! {
            div.scroll tabindex="0" { table {
                thead { tr { th { (self.rows) } @for (name, _) in self.parts { th { (name) } } } }
                tbody {
                    @for bar in bars {
                        tr { td { (bar.name) } @for part in &bar.parts { td { (thousands(*part)) } } }
                    }
                }
            } }
        }
    }
}

/// The number of letters that have room beside a bar.
const LETTERS: usize = 20;

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHART: Chart<'static> = Chart {
        id: "jobs",
        title: "Jobs",
        rows: "Kind",
        parts: &[("done", "good"), ("failed", "bad")],
    };

    #[test]
    fn parts_of_a_bar_lie_behind_each_other_and_end_where_their_sum_ends() {
        let bar = Bar::new("scan", vec![1, 2]);
        assert_eq!(CHART.laid_out(&bar, 3), [("good", 0, 86), ("bad", 86, 174)]);
        assert_eq!(CHART.laid_out(&Bar::new("none", vec![0, 0]), 3), []);
        assert_eq!(CHART.laid_out(&Bar::new("few", vec![1, 0]), 100_000), [("good", 0, 1)]);
    }

    #[test]
    fn a_chart_says_in_words_and_as_a_table_what_it_shows() {
        let drawn = CHART.draw(&[Bar::new("<scan>", vec![1000, 0])]).into_string();
        assert!(drawn.contains("&lt;scan&gt;: 1000 done. "), "{drawn}");
        assert!(drawn.contains("<td>1\u{202f}000</td><td>0</td>"), "{drawn}");
        assert!(!CHART.draw(&[]).into_string().contains("rect"));
    }
}
