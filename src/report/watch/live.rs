//! A watch on a terminal: the listeners, worst first, and the last events.

use super::Opening;
use super::line::namespaces;
use super::table::{fit, table};
use super::{clock, event};
use crate::owners::Holder;
use crate::report::escape::escape;
use crate::report::page::Look;
use crate::report::style::Tone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sockdoctor_checks::list::counted;
use sockdoctor_checks::watch::{Event, Fill, Row};
use std::time::SystemTime;
use textwrap::core::display_width;

/// Lines of the title, the heading of the table, and what says how many listeners are left out.
const AROUND_TABLE: u16 = 3;
/// Lines for events and their heading, where the screen is high.
const MOST_EVENTS: u16 = 12;

/// What is on the screen.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// What is watched.
    pub opening: Opening,
    /// Readings so far.
    pub readings: u64,
    /// When the last one was taken.
    pub when: SystemTime,
    /// All listeners, worst first.
    pub rows: Vec<Row<'a>>,
    /// Who holds those that can be seen, in the same order.
    pub owners: Vec<Holder<'a>>,
    /// The last events, newest last.
    pub events: Vec<&'a (SystemTime, Event)>,
}

/// How many listeners a screen of this height shows.
pub(crate) fn room_for_listeners(height: u16) -> usize {
    height
        .saturating_sub(AROUND_TABLE + events_height(height))
        .into()
}

/// How many events.
pub(crate) fn room_for_events(height: u16) -> usize {
    events_height(height).saturating_sub(1).into()
}

fn events_height(height: u16) -> u16 {
    (height / 3).min(MOST_EVENTS)
}

/// Draws the view.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &View<'_>, look: Look) {
    let area = frame.area();
    let [title, listeners, more, events] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(events_height(area.height)),
    ])
    .areas(area);
    frame.render_widget(title_line(view, look, title), title);
    let shown = room_for_listeners(area.height);
    let rows = view.rows.iter().copied().take(shown);
    let owners = view
        .owners
        .iter()
        .copied()
        .chain(std::iter::repeat(Holder::Unknown));
    let rows: Vec<_> = rows.zip(owners).collect();
    frame.render_widget(table(&rows, look, listeners.width.into()), listeners);
    frame.render_widget(left_out(view, look, shown), more);
    frame.render_widget(event_lines(view, look, events), events);
}

fn title_line(view: &View<'_>, look: Look, area: Rect) -> Line<'static> {
    let count = |of: &dyn Fn(&Row<'_>) -> bool| view.rows.iter().filter(|row| of(row)).count();
    let full = count(&|row| row.fill == Fill::Full);
    let dropping = count(&|row| row.dropped.is_some_and(|dropped| dropped.by > 0));
    let mut listeners = counted(view.rows.len(), "listener");
    for (number, word) in [(full, "full"), (dropping, "dropping")] {
        if number > 0 {
            listeners += &format!(", {number} {word}");
        }
    }
    let parts = [
        (Worth::Name, NAME.to_owned()),
        (Worth::Keys, "q leaves".to_owned()),
        (Worth::Most, listeners),
        (Worth::Least, namespaces(&view.opening)),
        (Worth::Little, progress(view)),
        (Worth::Clock, format!("{}Z", clock(view.when))),
    ];
    let text = escape(&fitting(&parts, area.width.into()), look.charset).into_owned();
    let text = fit(&text, area.width.into(), false, look.charset);
    let (name, rest) = match text.strip_prefix(NAME) {
        Some(rest) => (NAME, rest.to_owned()),
        None => ("", text),
    };
    Line::from(vec![
        Span::styled(name, look.style.cell(Tone::Strong)),
        Span::raw(rest),
    ])
}

const NAME: &str = "sockdoctor watch";

/// What a part of the title is worth: what is worth least is left out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Least,
    Little,
    Name,
    Clock,
    Keys,
    Most,
}

/// As many of the parts as fit on a line, in their order.
fn fitting(parts: &[(Worth, String)], width: usize) -> String {
    let from = |least: Worth| {
        let parts = parts.iter().filter(|(worth, _)| *worth >= least);
        let parts: Vec<&str> = parts.map(|(_, part)| part.as_str()).collect();
        parts.join(" · ")
    };
    let mut worths: Vec<Worth> = parts.iter().map(|(worth, _)| *worth).collect();
    worths.sort_unstable();
    let mut lines = worths.into_iter().map(from);
    let fits = |line: &String| display_width(line) <= width;
    lines.find(fits).unwrap_or_else(|| from(Worth::Most))
}

/// `reading 7 of 10, every 1s`.
fn progress(view: &View<'_>) -> String {
    let of = view
        .opening
        .count
        .map_or_else(String::new, |count| format!(" of {count}"));
    let every = humantime::format_duration(view.opening.interval);
    format!("reading {}{of}, every {every}", view.readings)
}

fn left_out(view: &View<'_>, look: Look, shown: usize) -> Line<'static> {
    let text = match view.rows.len() {
        0 => "nothing listens here, as far as can be seen".to_owned(),
        rows if rows > shown => format!(
            "and {}, no worse than these",
            counted(rows - shown, "more listener")
        ),
        _ => return Line::default(),
    };
    Line::styled(text, look.style.cell(Tone::Faint))
}

/// The newest events below their heading, as many as there is room for.
fn event_lines(view: &View<'_>, look: Look, area: Rect) -> Paragraph<'static> {
    let heading = if view.events.is_empty() {
        "no events yet"
    } else {
        "events"
    };
    let heading = Line::styled(heading, look.style.cell(Tone::Faint));
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (when, event) in view.events.iter().rev() {
        let left = room - lines.len();
        if left == 0 {
            break;
        }
        let told = event::lines(*when, event, look, (area.width, left));
        lines.splice(0..0, told);
    }
    Paragraph::new(std::iter::once(heading).chain(lines).collect::<Vec<_>>())
}
